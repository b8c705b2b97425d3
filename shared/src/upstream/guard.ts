// Applies the table of guarded members to a request. Not the table (guarded-members.ts).

import { Refusal } from '../http/http.ts';
import type { JsonObject } from './call.ts';
import { folded, guardOf, isGuardedPlace, type Api, type GuardedMember } from './guarded-members.ts';
import { isObject, numberIn } from './request-body.ts';

/** What holds beside the table. */
export interface GuardOptions {
  /** The most tokens of an answer; null: the provider's own bound. */
  readonly lengthMax?: number | null;
  /** Members that this provider does not take, or that we do not tell it. */
  readonly drops?: readonly string[];
}

/**
 * A copy of a request in which one answer of a permitted length is asked for and nothing that nobody pays for, in whatever spelling.
 * @throws Refusal `bad-request`, which names the member and never quotes its value unless it is a number
 */
export function guard(body: JsonObject, api: Api, { lengthMax = null, drops = [] }: GuardOptions = {}): JsonObject {
  return guarded(body, api, lengthMax, foldedNames(drops), true);
}

function guarded(
  settings: JsonObject,
  api: Api,
  lengthMax: number | null,
  drops: ReadonlySet<string>,
  outermost: boolean,
): JsonObject {
  const kept = { ...settings };
  for (const [member, value] of Object.entries(settings)) {
    const name = folded(member);
    if (outermost && isGuardedPlace(name) && isObject(value))
      kept[member] = guarded(value, api, lengthMax, drops, false);
    const row = guardOf(api, name);
    if (row !== null) {
      if (row.rule === 'one') {
        if (asksForMore(value)) kept[member] = 1;
      } else if (row.rule === 'length') checkLength(member, value, lengthMax);
      else if (row.rule === 'refuse') refuse(member, value, row);
      if (isLeftOut(row, member, outermost)) delete kept[member];
    }
    if (drops.has(name)) delete kept[member];
  }
  return kept;
}

/** The same list of a provider's row comes with every request. */
const foldedOf = new WeakMap<readonly string[], ReadonlySet<string>>();

function foldedNames(names: readonly string[]): ReadonlySet<string> {
  const known = foldedOf.get(names);
  if (known !== undefined) return known;
  const made = new Set(names.map(folded));
  foldedOf.set(names, made);
  return made;
}

/** A text may be read as a number; what is neither is refused by the provider. */
function asksForMore(value: unknown): boolean {
  return typeof value === 'string' || (numberIn(value) ?? 0) > 1;
}

function checkLength(member: string, value: unknown, lengthMax: number | null): void {
  const asked = numberIn(value);
  if (asked !== null && lengthMax !== null && asked > lengthMax)
    throw new Refusal('bad-request', `${member} exceeds maximum allowed value of ${lengthMax}: ${asked}`);
}

function refuse(member: string, value: unknown, { why = '' }: GuardedMember): void {
  if (value !== null && value !== false) throw new Refusal('bad-request', `"${member}" is not accepted: ${why}`);
}

/** The gateway's own members stay where the provider's file expects them, and go in every other spelling and place. */
function isLeftOut({ name, rule }: GuardedMember, member: string, outermost: boolean): boolean {
  if (rule === 'ours') return !outermost || member !== name;
  return rule === 'drop' || rule === 'refuse';
}

/** The most tokens that a request asks for in whatever spelling, or null where it names none. */
export function lengthAsked(body: JsonObject, api: Api): number | null {
  let most: number | null = null;
  const read = (settings: JsonObject, outermost: boolean): void => {
    for (const [member, value] of Object.entries(settings)) {
      const name = folded(member);
      if (outermost && isGuardedPlace(name) && isObject(value)) read(value, false);
      const asked = guardOf(api, name)?.rule === 'length' ? numberIn(value) : null;
      if (asked !== null && (most === null || asked > most)) most = asked;
    }
  };
  read(body, true);
  return most;
}
