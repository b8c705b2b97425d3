// JSON that honestly holds millions of values, as answers with vectors do: parsed piece by piece, so that nobody else
// waits for all of it.

import { runOf, skipBlank, stringEnd, weigh } from './json-weight.ts';

/** Parsed in one turn of the event loop: some 5 ms. */
const turnWeightMax = 50_000;
/** Of lists and objects that are too heavy for one turn each. */
const depthMax = 64;

/** How to parse. */
export interface ParsingInTurns {
  /** Of the whole text. */
  readonly weightMax: number;
  /** Waits for the next turn; called after each piece. */
  readonly turn?: () => Promise<void>;
  /** Parses a piece; JSON.parse where absent. */
  readonly parse?: (text: string) => unknown;
}

/** What JSON.parse gives. @throws SyntaxError; RangeError for a text that weighs more, or is nested too deeply */
export async function parseInTurns(
  text: string,
  { weightMax, turn = nextTurn, parse = JSON.parse }: ParsingInTurns,
): Promise<unknown> {
  if (weigh(text, 0, { weightMax: Math.min(weightMax, turnWeightMax) }).over === null) return parse(text);
  const rest = { weight: weightMax, turn, parse };
  const { value, end } = await parseContainer(text, skipBlank(text, 0), 0, rest);
  if (skipBlank(text, end) < text.length) throw fault(end);
  return value;
}

/**
 * @param start of the opening bracket
 * @param rest what may still be parsed
 * @returns the value, and the place behind it
 */
async function parseContainer(
  text: string,
  start: number,
  depth: number,
  rest: { weight: number; readonly turn: () => Promise<void>; readonly parse: (text: string) => unknown },
): Promise<{ value: unknown; end: number }> {
  const isList = text[start] === '[';
  if (!isList && text[start] !== '{') throw fault(start);
  if (depth > depthMax) throw new RangeError('JSON that is nested too deeply');
  const list: unknown[] = [];
  const object: Record<string, unknown> = {};
  for (let at = start + 1; ;) {
    const { end, closed, weight } = runOf(text, at, turnWeightMax);
    if (end !== -1) {
      rest.weight -= weight;
      if (rest.weight < 0) throw new RangeError('JSON of too many values');
      const piece = text.slice(at, end);
      const isEmpty = piece.trim() === '';
      if (isEmpty && !(closed && at === start + 1)) throw fault(end);
      if (isList) for (const item of rest.parse(`[${piece}]`) as unknown[]) list.push(item);
      else for (const [key, item] of Object.entries(rest.parse(`{${piece}}`) as object)) put(object, key, item);
      at = end;
    } else {
      let key = '';
      if (!isList) {
        const from = skipBlank(text, at);
        const colon = skipBlank(text, stringEnd(text, from + 1) + 1);
        if (text[colon] !== ':') throw fault(colon);
        key = JSON.parse(text.slice(from, colon)) as string;
        at = colon + 1;
      }
      const heavy = await parseContainer(text, skipBlank(text, at), depth + 1, rest);
      if (isList) list.push(heavy.value);
      else put(object, key, heavy.value);
      at = skipBlank(text, heavy.end);
    }
    await rest.turn();
    if (text[at] === (isList ? ']' : '}')) return { value: isList ? list : object, end: at + 1 };
    if (text[at] !== ',') throw fault(at);
    at++;
  }
}

/** As JSON.parse makes members, `__proto__` too. */
function put(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** It quotes nothing. */
function fault(position: number): SyntaxError {
  return new SyntaxError(`invalid JSON at position ${position}`);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
