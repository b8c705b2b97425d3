// Names of members that JavaScript takes for places of a list ("10", "2"): objects have them in front and by size, in
// whatever order they were written. A mark in front makes texts of them that keep their place. Not which names get it
// (json-weight.ts), nor the parsing (json.ts).

import { randomBytes } from 'node:crypto';

/** Of this process: no caller can have written it, and JSON writes it as it is. */
const mark = `#${randomBytes(16).toString('base64url')}#`;

/** A name, quoted as JSON has it, with the mark in front. */
export function markedName(quoted: string): string {
  return `"${mark}${quoted.slice(1)}`;
}

/** A text as it was before names were marked: JSON that was written, or a name itself. */
export function unmarked(text: string): string {
  return text.includes(mark) ? text.replaceAll(mark, '') : text;
}
