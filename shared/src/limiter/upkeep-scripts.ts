// The Lua scripts of what happens beside calls: the sweep, an operator's commands. No start of a function that serves
// calls reads them. The header of each says what it does.

import { readFileSync } from 'node:fs';
import type { Script } from '../store/store.ts';
import { withFragments } from './script-fragments.ts';

const texts = {
  raiseCounter: readFileSync(new URL('./scripts/raise-counter.lua', import.meta.url), 'utf8'),
  raiseBudget: readFileSync(new URL('./scripts/raise-budget.lua', import.meta.url), 'utf8'),
  correctBudget: readFileSync(new URL('./scripts/correct-budget.lua', import.meta.url), 'utf8'),
  reset: readFileSync(new URL('./scripts/reset.lua', import.meta.url), 'utf8'),
  sweep: readFileSync(new URL('./scripts/sweep.lua', import.meta.url), 'utf8'),
  restoreExpiry: readFileSync(new URL('./scripts/restore-expiry.lua', import.meta.url), 'utf8'),
  unfold: readFileSync(new URL('./scripts/unfold.lua', import.meta.url), 'utf8'),
};

/** By name. @param now as for withFragments: all of them then go by it. */
export function loadUpkeepScripts(now?: string): Readonly<Record<keyof typeof texts, Script>> {
  return withFragments(texts, now);
}

export const upkeepScripts = loadUpkeepScripts();
