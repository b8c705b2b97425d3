// Applies the table of guarded members to a request. Not the table (guarded-members.ts).

import { Refusal } from '../http/http.ts';
import type { JsonObject } from './call.ts';
import { folded, guardOf, isGuardedPlace, takenAlong, type Api, type GuardedMember } from './guarded-members.ts';
import { isObject, numberIn } from './request-body.ts';

/** What holds beside the table. */
export interface GuardOptions {
  /** The most tokens of an answer; null: the provider's own bound. */
  readonly lengthMax?: number | null;
  /** Members that this provider does not take, or that we do not tell it. */
  readonly drops?: readonly string[];
  /** Is told of what was left out or changed, in words for the caller. */
  readonly tell?: (words: string) => void;
}

/**
 * A copy of a request that asks for one answer, of a permitted length, and for no extras that nobody would pay for,
 * however its members are spelled.
 * @throws Refusal `bad-request`, which names the member and never quotes its value unless it is a number
 */
export function guard(
  body: JsonObject,
  api: Api,
  { lengthMax = null, drops = [], tell = () => undefined }: GuardOptions = {},
): JsonObject {
  return guarded(body, { api, lengthMax, drops: foldedNames(drops), tell }, true);
}

interface Guarding {
  readonly api: Api;
  readonly lengthMax: number | null;
  readonly drops: ReadonlySet<string>;
  readonly tell: (words: string) => void;
}

function guarded(settings: JsonObject, guarding: Guarding, outermost: boolean): JsonObject {
  const { api, lengthMax, drops, tell } = guarding;
  const kept = { ...settings };
  const leaveOut = (member: string, value: unknown, why: string): void => {
    delete kept[member];
    // A caller that switches such a member off gets what it asked for.
    if (value === null || value === false) return;
    tell(`${member}: left out, ${why}`);
    for (const along of takenAlong[api]?.[folded(member)] ?? [])
      for (const name of Object.keys(kept))
        if (folded(name) === folded(along)) leaveOut(name, true, `as ${member} was`);
  };
  for (const member in settings) {
    const value = settings[member];
    const name = folded(member);
    if (outermost && isGuardedPlace(name) && isObject(value)) kept[member] = guarded(value, guarding, false);
    const row = guardOf(api, name);
    if (row !== null) {
      if (row.rule === 'one') {
        if (asksForMore(value)) {
          kept[member] = 1;
          tell(`${member}: 1 in its place, one request has one answer`);
        }
      } else if (row.rule === 'length') checkLength(member, value, lengthMax);
      else if (row.rule === 'refuse') refuse(member, value, row);
      if (isLeftOut(row, member, outermost)) leaveOut(member, value, row.why ?? 'the gateway writes it itself');
    }
    if (drops.has(name) && member in kept) leaveOut(member, value, 'the provider does not take it');
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

/**
 * A member that the gateway writes itself stays where the dialect expects it; in any other spelling or place it is left
 * out.
 */
function isLeftOut({ name, rule }: GuardedMember, member: string, outermost: boolean): boolean {
  if (rule === 'ours') return !outermost || member !== name;
  return rule === 'drop' || rule === 'refuse';
}

/** The most tokens that a request asks for in whatever spelling, or null where it names none. */
export function lengthAsked(body: JsonObject, api: Api): number | null {
  let most: number | null = null;
  const read = (settings: JsonObject, outermost: boolean): void => {
    for (const member in settings) {
      const value = settings[member];
      const name = folded(member);
      if (outermost && isGuardedPlace(name) && isObject(value)) read(value, false);
      const asked = guardOf(api, name)?.rule === 'length' ? numberIn(value) : null;
      if (asked !== null && (most === null || asked > most)) most = asked;
    }
  };
  read(body, true);
  return most;
}
