// Which lines of a source file are comments, by the first thing that stands on them. Not a parser: a comment behind
// code on its line is not seen, and a text over several lines whose line begins like a comment is taken for one.

/** Columns that a comment may take. */
export const columnsMax = 120;

/** A line of comment in its parts: `indent + marker + text` is the line. */
export interface CommentLine {
  readonly indent: string;
  /** With the blank behind it: `// `, ` * `, `-- `, `# `; `/** ` and `/* ` where a block begins. */
  readonly marker: string;
  readonly text: string;
}

const markers: readonly (readonly [files: RegExp, marker: RegExp])[] = [
  [/\.(?:ts|mjs|js|java)$/, /^(\s*)(\/\/ ?|\/\*\*? ?| \* ?)(.*)$/],
  [/\.(?:lua|sql)$/, /^(\s*)(-- ?)(.*)$/],
  [/\.(?:tf|hcl|ya?ml|sh)$|(?:^|\/)\.ci\/run$/, /^(\s*)(# ?)(.*)$/],
];

/** Whether comments of this file are known by their form. */
export function hasComments(file: string): boolean {
  return markers.some(([files]) => files.test(file));
}

/** The comment on each line of a file, null for a line of something else. */
export function commentLines(file: string, lines: readonly string[]): (CommentLine | null)[] {
  const marker = markers.find(([files]) => files.test(file))?.[1];
  if (marker === undefined) return lines.map(() => null);
  let inBlock = false;
  return lines.map((line) => {
    const match = /^\s+\*/.test(line) ? blockLine(line) : marker.exec(line)?.slice(1);
    const [indent = '', mark = '', text = ''] = match ?? [];
    const begins = mark.startsWith('/*');
    const isComment = match !== undefined && match !== null && (begins || inBlock || !mark.startsWith(' *'));
    if (begins) inBlock = true;
    if (inBlock && line.includes('*/')) inBlock = false;
    return isComment ? { indent, marker: mark, text } : null;
  });
}

/** ` * text`: the blank in front of the star is the marker's. */
function blockLine(line: string): readonly string[] | null {
  return /^(\s*)( \*(?!\/) ?)(.*)$/.exec(line)?.slice(1) ?? null;
}
