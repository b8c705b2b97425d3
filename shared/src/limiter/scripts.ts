// The limiter's Lua scripts, loaded once. The header of each says what it does.

import { readFileSync } from 'node:fs';
import { loadScript, type Script } from '../store/store.ts';

// The bundler puts each file's text in place of its reading (scripts/build).
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

const texts = {
  admit: readFileSync(new URL('./scripts/admit.lua', import.meta.url), 'utf8'),
  settle: readFileSync(new URL('./scripts/settle.lua', import.meta.url), 'utf8'),
  renew: readFileSync(new URL('./scripts/renew.lua', import.meta.url), 'utf8'),
  recordEvent: readFileSync(new URL('./scripts/record-event.lua', import.meta.url), 'utf8'),
  raiseCounter: readFileSync(new URL('./scripts/raise-counter.lua', import.meta.url), 'utf8'),
  raiseBudget: readFileSync(new URL('./scripts/raise-budget.lua', import.meta.url), 'utf8'),
  correctBudget: readFileSync(new URL('./scripts/correct-budget.lua', import.meta.url), 'utf8'),
  reset: readFileSync(new URL('./scripts/reset.lua', import.meta.url), 'utf8'),
  sweep: readFileSync(new URL('./scripts/sweep.lua', import.meta.url), 'utf8'),
  restoreExpiry: readFileSync(new URL('./scripts/restore-expiry.lua', import.meta.url), 'utf8'),
  unfold: readFileSync(new URL('./scripts/unfold.lua', import.meta.url), 'utf8'),
};

/**
 * By name.
 * @param now another fragment that tells the time, for tests whose time is an argument: all scripts then go by it.
 */
export function loadScripts(now: string = fragments.now): Readonly<Record<keyof typeof texts, Script>> {
  const loaded = Object.entries(texts).map(([name, text]) => [name, loadScript(name, text, { ...fragments, now })]);
  return Object.fromEntries(loaded) as Record<keyof typeof texts, Script>;
}

export const scripts = loadScripts();
