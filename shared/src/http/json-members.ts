// JSON of somebody's answer that is read for a few of its members: what is too heavy to be parsed at once is left out.
// Not for requests, of which every value counts.

import { memberWeight, skipBlank, stringEnd, valueEnd, weigh } from './json-weight.ts';

/**
 * Parsed in one go: some 20 ms at the most. An answer of 32,000 tokens has a hundredth of it; with the alternatives of
 * each token it has more.
 */
const weightMaxAtOnce = 150_000;
/** Shorter texts can't weigh as much. */
const lightCharacters = 16_384;

/**
 * The value, or undefined for what is no JSON. Of an object that weighs too much: those of its members that don't,
 * from the first one on, as long as all of them together don't; what stands behind the last one that may be read is not
 * looked at.
 */
export function readJson(text: string, weightMax: number = weightMaxAtOnce): unknown {
  try {
    return isLight(text, weightMax) ? (JSON.parse(text) as unknown) : lightMembers(text, weightMax);
  } catch {
    return undefined;
  }
}

/** The whole value, or undefined for what is no JSON or weighs too much. */
export function readWhole(text: string, weightMax: number = weightMaxAtOnce): unknown {
  try {
    return isLight(text, weightMax) ? (JSON.parse(text) as unknown) : undefined;
  } catch {
    return undefined;
  }
}

function isLight(text: string, weightMax: number): boolean {
  return text.length < lightCharacters || weigh(text, 0, { weightMax }).over === null;
}

/** @throws SyntaxError */
function lightMembers(text: string, weightMax: number): Record<string, unknown> | undefined {
  const members: Record<string, unknown> = {};
  let left = weightMax;
  let at = skipBlank(text, 0);
  if (text[at] !== '{') return undefined;
  do {
    const from = skipBlank(text, at + 1);
    const colon = skipBlank(text, stringEnd(text, from + 1) + 1);
    if (text[from] !== '"' || text[colon] !== ':') return undefined;
    left -= memberWeight;
    if (left <= 0) return members;
    const { end, weight, over } = weigh(text, colon + 1, { weightMax: left });
    if (over === null) {
      left -= weight;
      Object.assign(members, JSON.parse(`{${text.slice(from, end)}}`));
    }
    at = skipBlank(text, over === null ? end : valueEnd(text, colon + 1));
  } while (text[at] === ',');
  return text[at] === '}' ? members : undefined;
}
