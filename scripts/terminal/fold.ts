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
 * Help as it is printed: what its source has on several lines, a paragraph or the description of an option, is one text
 * first.
 */
export function foldHelp(help: string): string {
  const lines: string[] = [];
  for (const line of help.split('\n')) {
    const last = lines.at(-1) ?? '';
    const indent = /^ */.exec(line)?.[0].length ?? 0;
    const continues = (isProse(line) && isProse(last)) || (indent > 0 && indent === descriptionOf(last));
    if (continues) lines[lines.length - 1] = `${last} ${line.trim()}`;
    else lines.push(line);
  }
  return lines.flatMap((line) => foldLine(line, columnsMax, isProse(line) ? 0 : hangingOf(line))).join('\n');
}

/** Neither a command line nor a name with its description. */
function isProse(line: string): boolean {
  return /^[^\s-]/.test(line) && !/^(usage:|npm )|:$/.test(line) && descriptionOf(line) === null;
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
  const description = descriptionOf(line) ?? Number.POSITIVE_INFINITY;
  return description <= hangingMax ? description : indent + 2;
}

/** The column where it begins; null where there is none. */
function descriptionOf(line: string): number | null {
  return /^ *\S.*?\S {2,}(?=\S)/.exec(line)?.[0].length ?? null;
}
