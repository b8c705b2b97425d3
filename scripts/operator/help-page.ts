// What `--help` prints, folded for 80 columns: commands are written with long lines, and examples can be pasted as
// they are printed. Not what it says.

import { fold, foldLine } from '../terminal/fold.ts';

const columns = 80;
/** The column in which descriptions of options begin. */
const described = 19;

/** @param help paragraphs, options with their descriptions, and commands behind two blanks */
export function helpPage(help: string): string {
  return blocks(help)
    .flatMap((lines) => {
      const [first = ''] = lines;
      if (first.startsWith('usage: ')) return usageLines(lines.join('\n'));
      if (first.startsWith('  npm run')) return lines.flatMap(exampleLines);
      return first.startsWith(' ')
        ? optionLines(lines)
        : lines.length === 1
          ? foldLine(first, columns, 0)
          : prose(lines);
    })
    .join('\n');
}

/** Lines that belong together: a usage, one option with what follows below its description, a paragraph. */
function blocks(help: string): string[][] {
  const found: string[][] = [];
  let open = false;
  for (const line of help.split('\n')) {
    const indent = /^ */.exec(line)?.[0].length ?? 0;
    const last = found.at(-1)?.[0] ?? '';
    const continues =
      open &&
      line !== '' &&
      (last.startsWith('usage: ') || indent >= described || (indent === 0 && !last.startsWith(' ')));
    if (continues) found.at(-1)?.push(line);
    else found.push([line]);
    open = line !== '' && !/^examples?:$/.test(line);
  }
  return found;
}

const prose = (lines: readonly string[]): string[] => foldLine(lines.join(' '), columns, 0);

function optionLines([first = '', ...more]: readonly string[]): string[] {
  const text = more.map((line) => line.trim()).join(' ');
  // A name that is too long to stand beside its description.
  if (first.trimStart().search(/ {2,}/) < 0 && more.length > 0)
    return [...fold(first, columns).split('\n'), ...foldLine(`${' '.repeat(described)}${text}`, columns, described)];
  const [, name = '', rest = first] = /^( +\S.*?) {2,}(.*)$/.exec(first) ?? [];
  const head = name === '' ? first : `${name.padEnd(described - 1)} ${rest}`;
  return foldLine(text === '' ? head : `${head} ${text}`, columns, name === '' ? 4 : described);
}

/** Each form of the command begins a line; an option stays beside its value, and what is in brackets together. */
function usageLines(text: string): string[] {
  return text.split(/\n(?= *npm run)/).flatMap((form, at) => {
    const lines = [at === 0 ? '' : '      '];
    for (const word of usageWords(form.trim())) {
      const last = lines.at(-1) ?? '';
      const joined = last === '' ? word : `${last} ${word}`;
      if (joined.length <= columns) lines[lines.length - 1] = joined;
      else lines.push(`         ${word}`);
    }
    return lines;
  });
}

function usageWords(text: string): string[] {
  const words: string[] = [''];
  let depth = 0;
  for (const part of text.split(/\s+/)) {
    const last = words.at(-1) ?? '';
    const together = depth > 0 || (/^--[a-z-]+$/.test(last) && part.startsWith('<'));
    if (together) words[words.length - 1] = `${last} ${part}`;
    else words.push(part);
    depth += part.split(/[[(]/).length - part.split(/[\])]/).length;
  }
  return words.slice(1);
}

/** Broken between options, with the backslash that lets a shell read on. */
function exampleLines(line: string): string[] {
  if (line.length <= columns) return [line];
  // An option with its value, and what is in quotes, stay on one line.
  const words = line.trim().match(/(?:--[a-z-]+ (?!-))?(?:"[^"]*"|'[^']*'|\S)+/g) ?? [];
  const lines = [' '];
  for (const [at, word] of words.entries()) {
    const last = lines.at(-1) ?? '';
    const room = columns - (at === words.length - 1 ? 0 : 2);
    if (`${last} ${word}`.length <= room || last.trim() === '') lines[lines.length - 1] = `${last} ${word}`;
    else {
      lines[lines.length - 1] = `${last} \\`;
      lines.push(`     ${word}`);
    }
  }
  return lines;
}
