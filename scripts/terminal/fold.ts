// Text for a terminal of 80 columns: help is written as it reads best, and folded where it is printed.

const columnsMax = 80;
/** A description that would begin further right goes below its option instead. */
const hangingMax = 30;

/**
 * Folds lines at spaces, and at `|` where a word is longer than a line. What follows hangs below the first line's
 * description, or its indent.
 */
export function fold(text: string, columns = columnsMax): string {
  return text
    .split('\n')
    .flatMap((line) => foldLine(line, columns))
    .join('\n');
}

/**
 * One line as several of at most so many columns.
 * @param hang columns that what follows is indented by; else it hangs below the first line's description, or its indent
 */
export function foldLine(line: string, columns = columnsMax, hang = hangingOf(line)): string[] {
  if (line.length <= columns) return [line];
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  const hanging = ' '.repeat(hang);
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const head = rest.slice(0, columns + 1);
    const from = lines.length === 0 ? indent : hang;
    const space = head.lastIndexOf(' ');
    const bar = head.slice(0, columns).lastIndexOf('|') + 1;
    const at = space > from ? space : bar > from ? bar : columns;
    lines.push(rest.slice(0, at).trimEnd());
    rest = `${hanging}${rest.slice(at).trimStart()}`;
  }
  return [...lines, rest];
}

function hangingOf(line: string): number {
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  const description = /^ *\S.*?\S {2,}(?=\S)/.exec(line)?.[0].length ?? Number.POSITIVE_INFINITY;
  return description <= hangingMax ? description : indent + 2;
}
