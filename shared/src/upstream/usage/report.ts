// What a provider says that a call used, whole: its parts are merged, its copy is bounded, and what nobody here knows
// is found. What the members mean is each dialect's (the files beside).

import { dimensionOf } from '../../catalogue/catalogue.ts';
import type { JsonObject } from '../call.ts';
import { isObject } from '../request-body.ts';
import type { ServedUsage, UsageReport } from './served-usage.ts';

export const nothingTold: UsageReport = { parts: [], whole: null, answered: null, told: 'nothing' };

/**
 * Tokens of all parts, whoever's caches they came from; null where none were reported.
 * @param side of prompts alone, or of prompts and answers
 */
export function tokensIn(parts: readonly ServedUsage[], side: 'input' | 'both'): number | null {
  let sum = 0;
  for (const { counts } of parts)
    for (const name in counts) {
      const dimension = dimensionOf(name);
      if (dimension?.unit === 'tokens' && (side === 'both' || dimension.input)) sum += counts[name] ?? 0;
    }
  return parts.length > 0 && Number.isSafeInteger(sum) ? sum : null;
}

/**
 * A report in several pieces: the later piece wins member by member, and what it leaves out or sets to null keeps its
 * value.
 */
export function mergeReports(earlier: JsonObject, later: JsonObject): JsonObject {
  const merged: JsonObject = { ...earlier };
  for (const name in later) {
    const value = later[name];
    if (value === null) continue;
    const before = merged[name];
    merged[name] = isObject(before) && isObject(value) ? mergeReports(before, value) : value;
  }
  return merged;
}

/**
 * Characters of a copy, names included. Reports have some hundreds; a row waits in Redis and in a task that has room
 * for 90,000.
 */
const charactersMax = 4_000;
const numberCharacters = 8;
const depthMax = 5;
const isName = (name: string): boolean => /^[A-Za-z_][\w.-]{0,63}$/.test(name);
/** A tier, a region, a kind, a model: one word. Texts for people have blanks. */
const isWord = (text: string): boolean => /^[\w.:@/-]{1,100}$/.test(text);

/** One word, or null: what an answer says of itself is not ours to trust with a row's room. */
export function wordOf(value: unknown): string | null {
  return typeof value === 'string' && isWord(value) ? value : null;
}

/**
 * A copy for the ledger: numbers, single words, yes and no. What is zero, empty or a text for people is left out; what
 * is too much, too, and then it says `cut`.
 */
export function boundedCopy(report: JsonObject): JsonObject {
  let left = charactersMax;
  const copy = (value: unknown, depth: number): unknown => {
    if (value === null || value === undefined || value === 0 || value === false || value === '') return undefined;
    if (typeof value === 'object') {
      if (depth === 0) return undefined;
      if (Array.isArray(value)) {
        const items = value.map((item) => copy(item, depth - 1)).filter((item) => item !== undefined);
        return items.length === 0 ? undefined : items;
      }
      if (!isObject(value)) return undefined;
      const members: JsonObject = {};
      let isEmpty = true;
      for (const name in value) {
        if (left <= 0) break;
        const kept = isName(name) ? copy(value[name], depth - 1) : undefined;
        if (kept === undefined) continue;
        left -= name.length + 4;
        members[name] = kept;
        isEmpty = false;
      }
      return isEmpty ? undefined : members;
    }
    if (left <= 0) return undefined;
    const keep = typeof value === 'string' ? isWord(value) : typeof value === 'boolean' || Number.isFinite(value);
    if (!keep) return undefined;
    left -= typeof value === 'string' ? value.length + 3 : numberCharacters;
    return value;
  };
  const whole = (copy(report, depthMax) ?? {}) as JsonObject;
  return left <= 0 ? { ...whole, cut: true } : whole;
}

const unknownMax = 10;

/**
 * Numbers above zero whose names are not among the known ones, as counts of their own: no price has them, so the
 * call's cost is marked.
 * @param known paths, `prompt_tokens_details.cached_tokens`; members of a list's items stand below the list
 */
export function unknownCounts(report: JsonObject, known: ReadonlySet<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  let found = 0;
  const walk = (value: unknown, path: string, depth: number): void => {
    if (depth === 0 || found >= unknownMax) return;
    if (typeof value === 'object' && value !== null && known.has(`${path}.*`)) return;
    if (Array.isArray(value)) {
      for (const item of value.slice(0, 100)) walk(item, path, depth - 1);
    } else if (isObject(value)) {
      for (const name in value) {
        const member = value[name];
        // Most of a report is zero.
        if (member !== 0 && isName(name)) walk(member, path === '' ? name : `${path}.${name}`, depth - 1);
      }
    } else if (typeof value === 'number' && value > 0 && path !== '' && !known.has(path) && !known.has(`${path}.*`)) {
      if (!(path in counts)) found++;
      // A part of something is not a count of it: only its presence is reported.
      counts[path.slice(0, 100)] = Number.isSafeInteger(value) && value <= 1e9 ? value : 1;
    }
  };
  walk(report, '', depthMax);
  return counts;
}

/** A reported count. Left out it is 0; what can't be a count is NaN, and leaves the call without a price. */
export function countOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : NaN;
}

/** Not below zero: a report that contradicts itself is charged as its larger part says. */
export const restOf = (whole: number, ...parts: readonly number[]): number =>
  Math.max(
    0,
    parts.reduce((rest, part) => rest - part, whole),
  );

/** Without zeros: a row has no use for them. Negative counts stay and are seen. */
export function used(counts: Readonly<Record<string, number>>): Record<string, number> {
  const kept: Record<string, number> = {};
  for (const name in counts) {
    const count = counts[name] ?? 0;
    if (count !== 0) kept[name] = count;
  }
  return kept;
}

/** What an answer says of itself, where it says anything beyond what everybody has. */
export function qualifiersOf(said: Readonly<Record<string, unknown>>): Record<string, string> {
  const words: Record<string, string> = {};
  for (const name in said) {
    const value = said[name];
    const word = typeof value === 'string' ? value.toLowerCase() : '';
    if (word !== '' && !ordinary.has(word) && isWord(word)) words[name] = word;
  }
  return words;
}

/** Words for the service, speed and place that the plain price is for; each provider has its own. */
const ordinary: ReadonlySet<string> = new Set([
  'auto',
  'default',
  'standard',
  'on_demand',
  'global',
  'not_available',
  'unspecified',
]);
