// What a JSON text costs to parse and to keep, found in one pass that parses nothing. Not whether it is valid:
// JSON.parse says that.

const [BLANK, QUOTE, BACKSLASH, COMMA, COLON, MINUS] = [0x20, 0x22, 0x5c, 0x2c, 0x3a, 0x2d];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * What each thing weighs besides the value that it is. By processor time of parsing, walking and writing again, a
 * plain value in a list being 1; bytes within strings weigh nothing, they cost a hundredth of it and have a bound of
 * their own.
 */
const weights = { container: 2, member: 6, exactNumber: 30, indexName: 6 } as const;
/** Of one member of an object, its value aside: its name, and the comma. */
export const memberWeight = weights.member + 1;

/** So many blanks, or digits of one number, weigh 1: skipped one by one they take as long as a value. */
const charactersOfWeight = 16;
/** Blanks or digits that are looked at between two looks at the weight. */
const runMax = 16_384;

/**
 * Deeper than any API nests; JSON.stringify and whoever walks a value by calling itself end at some thousand levels.
 */
const levelsMax = 1_000;
/**
 * After an escaped quote the next one is likely near: so far it is looked for by hand, which is quicker than to ask
 * for it.
 */
const nearCharacters = 64;

/** A number in JSON, whole. */
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Places of a list go up to 2^32 - 2; longer names of digits stay where they are. */
const indexDigits = 10;
const index = /^(?:0|[1-9]\d{0,9})$/;
/** What so few digits say, a double holds. */
const safeDigits = 15;

/** A text of JSON, weighed. */
export interface Weighed {
  /** Where the first value ends; the text's length for one that does not end. */
  readonly end: number;
  readonly weight: number;
  /** Where it was left off: it weighs more than was allowed, or is nested too deeply. */
  readonly over: 'weight' | 'depth' | null;
  /**
   * Where numbers begin and end, in turns, that a double can't hold, and, if they are looked for, names of members that
   * an object would put in front: these with their quotes.
   */
  readonly exact: readonly number[];
}

/** How to weigh. */
export interface Weighing {
  readonly weightMax: number;
  /** Also looks for numbers that a double can't hold. */
  readonly exact?: boolean;
  /** Also looks for names of members that an object would put in front. */
  readonly indexNames?: boolean;
  readonly depthMax?: number;
}

/** Weighs the first value of a text from a place on. */
export function weigh(
  text: string,
  from: number,
  { weightMax, exact = false, indexNames = false, depthMax = levelsMax }: Weighing,
): Weighed {
  const numbers: number[] = [];
  let [weight, depth] = [1, 0];
  /** The last text that may be such a name, if a colon follows. */
  let [nameFrom, nameEnd] = [-1, -1];
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c <= BLANK) {
      const end = blanksEnd(text, i + 1);
      weight += Math.floor((end - i) / charactersOfWeight);
      i = end - 1;
    } else if (c === QUOTE) {
      const start = i;
      i = stringEnd(text, i + 1);
      if (indexNames && mayBeIndex(text, start + 1, i)) [nameFrom, nameEnd] = [start, i + 1];
      if (depth === 0) return { end: i + 1, weight, over: null, exact: numbers };
    } else if (c === OPEN_LIST || c === OPEN_OBJECT) {
      weight += weights.container;
      if (++depth > depthMax) return { end: i, weight, over: 'depth', exact: numbers };
    } else if (c === CLOSE_LIST || c === CLOSE_OBJECT) {
      if (--depth <= 0) return { end: depth < 0 ? i : i + 1, weight, over: null, exact: numbers };
    } else if (c === COMMA) {
      if (depth === 0) return { end: i, weight, over: null, exact: numbers };
      weight++;
      nameFrom = -1;
    } else if (c === COLON) {
      weight += weights.member;
      if (nameFrom !== -1 && isIndex(text.slice(nameFrom, nameEnd))) {
        numbers.push(nameFrom, nameEnd);
        weight += weights.indexName;
      }
      nameFrom = -1;
    } else if (isDigit(c) || c === MINUS) {
      const end = numberEnd(text, i);
      weight += Math.floor((end - i) / charactersOfWeight);
      // Nobody's number: what is left of it is not looked at.
      if (end - i === runMax) weight = Infinity;
      if (exact && isInexact(text, i, end)) {
        numbers.push(i, end);
        weight += weights.exactNumber;
      }
      i = end - 1;
    }
    if (weight > weightMax) return { end: i, weight, over: 'weight', exact: numbers };
  }
  return { end: text.length, weight, over: null, exact: numbers };
}

/** Where a value ends, as `weigh` finds it: for one that is passed over, however heavy, in a third of the time. */
export function valueEnd(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i = stringEnd(text, i + 1);
      if (depth === 0) return i + 1;
      continue;
    }
    // The brackets of lists and objects are told apart by one bit.
    const bracket = c | 0x20;
    if (bracket === OPEN_OBJECT) depth++;
    else if (bracket === CLOSE_OBJECT) {
      if (--depth <= 0) return depth < 0 ? i : i + 1;
    } else if (c === COMMA && depth === 0) return i;
  }
  return text.length;
}

/** Siblings of one list or object that weigh no more than is allowed together. */
export interface Run {
  /** Of the comma or closing bracket behind them; -1: the first one alone weighs more. */
  readonly end: number;
  /** It is the closing bracket. */
  readonly closed: boolean;
  /** Of all up to there. */
  readonly weight: number;
}

/** @param from behind the opening bracket, or behind a comma */
export function runOf(text: string, from: number, weightMax: number): Run {
  let [weight, depth, end, weightThere] = [1, 0, -1, 0];
  for (let i = from; i < text.length && weight <= weightMax; i++) {
    const c = text.charCodeAt(i);
    if (c <= BLANK) {
      const blanks = blanksEnd(text, i + 1);
      weight += Math.floor((blanks - i) / charactersOfWeight);
      i = blanks - 1;
    } else if (c === QUOTE) i = stringEnd(text, i + 1);
    else if (c === OPEN_LIST || c === OPEN_OBJECT) {
      weight += weights.container;
      depth++;
    } else if (c === CLOSE_LIST || c === CLOSE_OBJECT) {
      if (--depth < 0) return { end: i, closed: true, weight };
    } else if (c === COMMA) {
      weight++;
      if (depth === 0) [end, weightThere] = [i, weight];
    } else if (c === COLON) weight += weights.member;
  }
  return { end, closed: false, weight: weightThere };
}

/** The place of the quote that ends a string; the text's length where none does. @param from behind its first quote */
export function stringEnd(text: string, from: number): number {
  let i = from;
  for (;;) {
    const quote = text.indexOf('"', i);
    if (quote === -1) return text.length;
    let before = quote;
    while (before > i && text.charCodeAt(before - 1) === BACKSLASH) before--;
    if ((quote - before) % 2 === 0) return quote;
    // It was an escaped one.
    i = quote + 1;
    for (const near = i + nearCharacters; i < near; i++) {
      const c = text.charCodeAt(i);
      if (c === QUOTE) return i;
      if (c === BACKSLASH) i++;
    }
  }
}

function blanksEnd(text: string, from: number): number {
  const last = Math.min(text.length, from + runMax);
  let end = from;
  while (end < last && text.charCodeAt(end) <= BLANK) end++;
  return end;
}

function numberEnd(text: string, from: number): number {
  const last = Math.min(text.length, from + runMax);
  let end = from + 1;
  for (; end < last; end++) {
    const c = text.charCodeAt(end);
    if (!isDigit(c) && c !== 0x2e && c !== 0x2b && c !== MINUS && (c | 0x20) !== 0x65) break;
  }
  return end;
}

/** Whether a double would be another number, or be written as one of other digits. */
function isInexact(text: string, from: number, end: number): boolean {
  if (end - from <= safeDigits && !hasExponent(text, from, end)) return false;
  const token = text.slice(from, end);
  if (!number.test(token)) return false;
  const value = Number(token);
  if (Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value) && String(value).length <= 16)
    return false;
  return String(value) !== token;
}

/** Whether a quick look says that a text could be such a name: by its first character and its length. */
function mayBeIndex(text: string, from: number, end: number): boolean {
  const c = text.charCodeAt(from);
  if (c !== BACKSLASH && !isDigit(c)) return false;
  // Each may be an escape of six characters.
  return end - from <= indexDigits * 6;
}

/** @param quoted JSON of a text: digits may be written as escapes */
function isIndex(quoted: string): boolean {
  if (quoted.charCodeAt(1) !== BACKSLASH && !quoted.includes('\\')) return index.test(quoted.slice(1, -1));
  try {
    return index.test(JSON.parse(quoted) as string);
  } catch {
    return false;
  }
}

function hasExponent(text: string, from: number, end: number): boolean {
  for (let i = from; i < end; i++) if ((text.charCodeAt(i) | 0x20) === 0x65) return true;
  return false;
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

/** The place of the next character that is no blank. */
export function skipBlank(text: string, from: number): number {
  let i = from;
  while (i < text.length && isBlank(text.charCodeAt(i))) i++;
  return i;
}

/** As JSON has them. */
function isBlank(c: number): boolean {
  return c === BLANK || c === 0x0a || c === 0x0d || c === 0x09;
}
