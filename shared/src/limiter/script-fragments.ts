// What the limiter's Lua scripts are put together from. Not the scripts (scripts.ts, upkeep-scripts.ts).

import { readFileSync } from 'node:fs';
import { loadScript, type Script } from '../store/store.ts';

// The bundler replaces each of these reads by the file's text (scripts/build).
const fragments = {
  'late-window': readFileSync(new URL('./scripts/late-window.lua', import.meta.url), 'utf8'),
  claim: readFileSync(new URL('./scripts/claim.lua', import.meta.url), 'utf8'),
  'charge-tally': readFileSync(new URL('./scripts/charge-tally.lua', import.meta.url), 'utf8'),
  lease: readFileSync(new URL('./scripts/lease.lua', import.meta.url), 'utf8'),
  now: readFileSync(new URL('./scripts/now.lua', import.meta.url), 'utf8'),
  notice: readFileSync(new URL('./scripts/notice.lua', import.meta.url), 'utf8'),
  outbox: readFileSync(new URL('./scripts/outbox.lua', import.meta.url), 'utf8'),
  share: readFileSync(new URL('./scripts/share.lua', import.meta.url), 'utf8'),
  spend: readFileSync(new URL('./scripts/spend.lua', import.meta.url), 'utf8'),
  tally: readFileSync(new URL('./scripts/tally.lua', import.meta.url), 'utf8'),
  weigh: readFileSync(new URL('./scripts/weigh.lua', import.meta.url), 'utf8'),
  window: readFileSync(new URL('./scripts/window.lua', import.meta.url), 'utf8'),
};

/**
 * Scripts by name, out of their texts.
 * @param now another fragment that tells the time, for tests whose time is an argument.
 */
export function withFragments<Name extends string>(
  texts: Readonly<Record<Name, string>>,
  now: string = fragments.now,
): Readonly<Record<Name, Script>> {
  const loaded = Object.entries<string>(texts).map(([name, text]) => [
    name,
    loadScript(name, text, { ...fragments, now }),
  ]);
  return Object.fromEntries(loaded) as Record<Name, Script>;
}
