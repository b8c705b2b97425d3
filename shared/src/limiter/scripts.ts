// The limiter's Lua scripts, loaded once. What each one does stands in its own header.

import { readFileSync } from 'node:fs';
import { loadScript } from '../store/store.ts';

const fragments = {
  claim: readFileSync(new URL('./scripts/claim.lua', import.meta.url), 'utf8'),
  lease: readFileSync(new URL('./scripts/lease.lua', import.meta.url), 'utf8'),
  now: readFileSync(new URL('./scripts/now.lua', import.meta.url), 'utf8'),
  notice: readFileSync(new URL('./scripts/notice.lua', import.meta.url), 'utf8'),
  outbox: readFileSync(new URL('./scripts/outbox.lua', import.meta.url), 'utf8'),
  share: readFileSync(new URL('./scripts/share.lua', import.meta.url), 'utf8'),
  window: readFileSync(new URL('./scripts/window.lua', import.meta.url), 'utf8'),
};

/** By name; the bundler puts each file's text in place of its reading (scripts/build). */
export const scripts = {
  admit: loadScript('admit', readFileSync(new URL('./scripts/admit.lua', import.meta.url), 'utf8'), fragments),
  settle: loadScript('settle', readFileSync(new URL('./scripts/settle.lua', import.meta.url), 'utf8'), fragments),
  renew: loadScript('renew', readFileSync(new URL('./scripts/renew.lua', import.meta.url), 'utf8'), fragments),
  note: loadScript('note', readFileSync(new URL('./scripts/note.lua', import.meta.url), 'utf8'), fragments),
  reset: loadScript('reset', readFileSync(new URL('./scripts/reset.lua', import.meta.url), 'utf8')),
  sweep: loadScript('sweep', readFileSync(new URL('./scripts/sweep.lua', import.meta.url), 'utf8'), fragments),
  heal: loadScript('heal', readFileSync(new URL('./scripts/heal.lua', import.meta.url), 'utf8'), fragments),
  unfold: loadScript('unfold', readFileSync(new URL('./scripts/unfold.lua', import.meta.url), 'utf8'), fragments),
} as const;
