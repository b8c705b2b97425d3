// The Lua scripts of calls, loaded once. The header of each says what it does.

import { readFileSync } from 'node:fs';
import type { Script } from '../store/store.ts';
import { withFragments } from './script-fragments.ts';

const texts = {
  admit: readFileSync(new URL('./scripts/admit.lua', import.meta.url), 'utf8'),
  settle: readFileSync(new URL('./scripts/settle.lua', import.meta.url), 'utf8'),
  renew: readFileSync(new URL('./scripts/renew.lua', import.meta.url), 'utf8'),
  recordEvent: readFileSync(new URL('./scripts/record-event.lua', import.meta.url), 'utf8'),
};

/** By name. @param now as for withFragments: all of them then go by it. */
export function loadScripts(now?: string): Readonly<Record<keyof typeof texts, Script>> {
  return withFragments(texts, now);
}

export const scripts = loadScripts();
