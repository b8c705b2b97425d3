// What comments and pages point to is in the tree: no citation of papers that nobody else has, no anchor or link that
// leads nowhere, and no comment that a review tool would wrap. `npm run format` brings comments to their width; whether
// they are understood is for people.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { columnsMax, commentLines, hasComments } from './comment-lines.ts';
import { isTooLong, wrapComments } from './wrap-comments.ts';

/** Documents of which only we ever had a copy, by the ways in which they were cited. */
const elsewhere: readonly RegExp[] = [
  /\b[Ss]pec (?:actors|clients|completions|operations|platform)\b/,
  /\b(?:[Ss]pec|[Dd]esign),? ?(?:§|D?\d)/,
  /\b[Tt]he (?:reference|spec)\b(?!s)/,
];
/** Numbers of decisions, faults and issues, which say nothing to a reader; only where people write for people. */
const numbers = /(?<![\w#./-])(?:[DW]\d{1,2}|(?:[Ii]ssue|[Ff]inding) #?\d+)\b/;
/** A paragraph of a public standard may be cited. */
const standard = /\b(?:RFC \d+|W3C|WHATWG|ECMA-\d+)\b[^.]*§/;

/** In a text for people "by now" says that something has come to be so; what is meant there is how it stands. */
const stilted = /['"`].*\bby now\b/;

/** One line a fault: where, what, and what to do. @param files texts by name, relative to the repository */
export function checkWords(files: ReadonlyMap<string, string>, exists: (file: string) => boolean): string[] {
  const anchors = new Map(
    [...files].filter(([file]) => file.endsWith('.md')).map(([file, text]) => [file, anchorsOf(text)]),
  );
  return [...files].flatMap(([file, text]) => {
    const lines = text.split('\n');
    const comments = hasComments(file) ? commentLines(file, lines) : [];
    return lines.flatMap((line, at) => {
      const comment = comments[at] ?? null;
      const isProse = comment !== null || /^\s*(?:await )?(?:test|t\.test)\(/.test(line);
      const faults = [
        ...(elsewhere.some((citation) => citation.test(line)) ||
        (isProse && line.includes('§') && !standard.test(`${lines[at - 1] ?? ''} ${line}`))
          ? ['cites what is not in the tree; say why here, or point to a heading of shared/COMPATIBILITY.md']
          : []),
        ...(isProse && numbers.test(line)
          ? [
              'names a decision or an issue by its number; say it, or point to shared/README.md#d… where its reason is needed',
            ]
          : []),
        ...(comment === null && /^(?:shared\/src|functions)\/(?!.*\.test\.ts$).*\.ts$/.test(file) && stilted.test(line)
          ? ['tells people "by now"; write "at present"']
          : []),
        ...(comment !== null && isTooLong(line, comment)
          ? [`is a comment of ${line.length} columns, more than ${columnsMax}; npm run format wraps it`]
          : []),
        ...pointersIn(file, line).flatMap((pointer) => deadPointer(pointer, anchors, exists)),
      ];
      return faults.map((fault) => `${file}:${at + 1}: ${fault}`);
    });
  });
}

/** The anchors that GitHub gives a page's headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = text.replace(/^```.*?^```/gms, '').matchAll(/^#{1,6} (.+)$/gm);
  return new Set(
    [...headings].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

interface Pointer {
  readonly written: string;
  /** Relative to the repository. */
  readonly file: string;
  readonly anchor: string | null;
}

/** Links of pages, relative to the page; and in all files what is written as `page.md#anchor`, from the root. */
function pointersIn(file: string, line: string): Pointer[] {
  const folder = path.posix.dirname(file);
  const links = file.endsWith('.md') ? [...line.matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)] : [];
  const plain = line.replace(/\]\([^)]*\)/g, '').matchAll(/(?<![\w/:.])((?:[\w.-]+\/)*[\w.-]+\.md)#([\w-]+)/g);
  return [
    ...links.map(([written, target = '', anchor = null]) => ({
      written,
      file: target === '' ? file : path.posix.join(folder, target),
      anchor,
    })),
    ...[...plain].map(([written, target = '', anchor = null]) => ({ written, file: target, anchor })),
  ];
}

function deadPointer(
  { written, file, anchor }: Pointer,
  anchors: ReadonlyMap<string, ReadonlySet<string>>,
  exists: (file: string) => boolean,
): string[] {
  if (!exists(file)) return [`points to ${written}, and there is no ${file}`];
  return anchor === null || anchors.get(file)?.has(anchor) === true
    ? []
    : [`points to ${written}, and ${file} has no heading of that name`];
}

/** Sources and pages, without what others wrote or what is data. */
function isOurs(file: string): boolean {
  return (hasComments(file) || file.endsWith('.md')) && !/(?:^|\/)fixtures\/|^scripts\/check\/words/.test(file);
}

if (import.meta.main) {
  const root = path.resolve(import.meta.dirname, '../..');
  const named = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => isOurs(file) && existsSync(path.join(root, file)));
  const files = new Map(named.map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));
  if (process.argv.includes('--write'))
    for (const [file, text] of files) {
      const wrapped = wrapComments(file, text);
      if (wrapped !== text) writeFileSync(path.join(root, file), wrapped);
    }
  else {
    const faults = checkWords(files, (file) => existsSync(path.join(root, file)));
    for (const fault of faults) console.error(fault);
    if (faults.length > 0) process.exitCode = 1;
  }
}
