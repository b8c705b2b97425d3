// Comments at their width: what is too long goes on in the next line, and no further than it must. Not a formatter:
// lines that fit stay as they are, and code is prettier's.

import { columnsMax, commentLines, type CommentLine } from './comment-lines.ts';

/**
 * What begins something of its own, and is no continuation of the line above: list items, tags, rows, headers of Lua.
 */
const begins = /^(?:[-*] |@|\||(?:KEYS|ARGV)\[|RETURNS |fragment:|\d+\. )/;
/** What goes on with two blanks in front. */
const hangs = /^(?:[-*] |(?:KEYS|ARGV)\[|RETURNS )/;
/** What a tool reads: it must stay on its line. A row of a table has no other place either. */
const fixed = /^(?:prettier-|oxlint-|eslint-|@ts-|@include|#!|\|)/;

/** Whether a line is too long and could be shorter. */
export function isTooLong(line: string, comment: CommentLine): boolean {
  return line.length > columnsMax && !fixed.test(comment.text) && /\S\s+\S/.test(comment.text);
}

/** The file's text with no comment wider than it may be, where that can be. */
export function wrapComments(file: string, text: string): string {
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    // Looked at anew for each: lines above have changed. Few lines are too long.
    if (line.length <= columnsMax) continue;
    const comment = commentLines(file, lines)[at];
    if (comment === null || comment === undefined || !isTooLong(line, comment)) continue;
    const opened = openBlock(comment);
    if (opened !== null) {
      lines.splice(at--, 1, ...opened);
      continue;
    }
    const [head, tail] = cut(comment);
    if (head === null) continue;
    lines[at] = head;
    const prefix = comment.indent + comment.marker + hang(comment.text);
    const next = commentLines(file, lines)[at + 1];
    if (next !== null && next !== undefined && goesOn(comment, next))
      lines[at + 1] = `${prefix}${tail} ${next.text.trimStart()}`;
    else lines.splice(at + 1, 0, prefix + tail);
  }
  return lines.join('\n');
}

/**
 * A block of one line, and the first or last line of one, as lines with nothing else on them, each tag on its own; null
 * for any other.
 */
function openBlock({ indent, marker, text }: CommentLine): string[] | null {
  const begin = marker.startsWith('/*');
  const end = text.endsWith('*/');
  if (!begin && !(end && marker.startsWith(' *'))) return null;
  const inside = text.replace(/\s*\*\/$/, '');
  return [
    ...(begin ? [indent + marker.trimEnd()] : []),
    ...inside.split(/ (?=@(?:param|returns|throws) )/).map((line) => `${indent} * ${line}`),
    ...(end ? [`${indent} */`] : []),
  ];
}

/** Where the line ends, and what goes on: at a blank outside of a code span if there is one. */
function cut({ indent, marker, text }: CommentLine): readonly [head: string | null, tail: string] {
  const front = indent + marker;
  const room = columnsMax - front.length;
  const blanks = [...text.slice(0, room + 1).matchAll(/(?<=\S) (?=\S)/g)]
    .map(({ index }) => index)
    .filter((index) => !begins.test(text.slice(index + 1)));
  const outside = blanks.filter((index) => text.slice(0, index).split('`').length % 2 === 1);
  const index = outside.findLast((blank) => blank > room / 2) ?? blanks.at(-1);
  return index === undefined ? [null, ''] : [front + text.slice(0, index), text.slice(index + 1)];
}

function hang(text: string): string {
  const blanks = /^ */.exec(text)?.[0] ?? '';
  return hangs.test(text) ? `${blanks}  ` : blanks;
}

/** Whether the next line is of the same paragraph. */
function goesOn(comment: CommentLine, next: CommentLine): boolean {
  const text = next.text.trimStart();
  return (
    next.indent === comment.indent &&
    next.marker === comment.marker &&
    text !== '' &&
    !next.text.endsWith('*/') &&
    !begins.test(text) &&
    !fixed.test(text) &&
    next.text.length - text.length === hang(comment.text).length
  );
}
