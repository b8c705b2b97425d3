// Text that somebody else wrote, for people to read: on one line, without what would move a cursor, colour a terminal
// or turn the direction of writing.

/**
 * A terminal's sequences as a whole, so that nothing of them is left behind: those with parameters, and titles and
 * links up to their end.
 */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const sequences = /[\u001b\u009b]\[?[0-?]*[ -/]*[@-Z\\^-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?/g;
const breaks = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;
/** Control characters, and marks of direction: they make a text look like another. */
const marks = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const any = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** The text with blanks for line breaks; most texts are as they should be, and stay the same string. */
export function oneLine(text: string): string {
  if (!any.test(text)) return text;
  return text.replace(sequences, '').replace(breaks, ' ').replace(marks, '');
}
