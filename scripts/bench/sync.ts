// `npm run bench -- sync`: 20,000 subscriptions from Sourcegraph.com's stand-in into the local Firestore, by the
// function itself: time and memory, first run and an unchanged one.

import { readFileSync } from 'node:fs';
import { sourcegraphAccess } from '../local/sourcegraph/sourcegraph.ts';
import { startCloud } from '../local/cloud.ts';

const subscriptionsByDefault = 20_000;
const subscriptionsMost = 200_000;
/** A sync runs every two minutes: half of that, and the memory that function.json grants. */
const secondsMax = 60;
const residentMiBMax = 512;

/** What `--help` prints. */
export const help = `npm run bench -- sync [SUBSCRIPTIONS]

A sync of as many subscriptions (${subscriptionsByDefault}), then of the same unchanged. Fails where either takes more than ${secondsMax} s or ${residentMiBMax} MiB.`;

/** Measures both and prints a table. @returns the exit code: 0 within its limits, 1 not, 2 the command line is wrong */
export async function run([count = String(subscriptionsByDefault), ...more]: readonly string[]): Promise<number> {
  const subscriptions = /^\d+$/.test(count) ? Number(count) : 0;
  if (subscriptions < 1 || subscriptions > subscriptionsMost || more.length > 0) {
    console.error(
      `${[count, ...more].join(' ')}: give one whole number of subscriptions, from 1 to ${subscriptionsMost}`,
    );
    return 2;
  }
  const cloud = await startCloud({ functions: ['sync-subscriptions'] });
  let ok = true;
  try {
    for (let n = 0; n < subscriptions; n++) {
      const uuid = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
      const tokens = [`slk_${n.toString(16).padStart(64, '0')}`];
      const access = sourcegraphAccess();
      cloud.sourcegraph.subscriptions.set(uuid, {
        uuid,
        username: `u${n}`,
        isArchived: false,
        access,
        tags: [],
        tokens,
      });
    }
    const running = cloud.functions.get('sync-subscriptions');
    if (running === undefined) throw new Error('sync-subscriptions did not start');
    const rows: object[] = [];
    for (const run of ['first', 'unchanged']) {
      const startedMs = performance.now();
      const response = await fetch(running.url, { method: 'POST' });
      const seconds = (performance.now() - startedMs) / 1000;
      const report = (await response.json()) as { skipped: boolean; listed: number; changed: number };
      // The peak of the process so far.
      const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${running.child.pid}/status`, 'utf8'))?.[1];
      const peakMiB = Math.round(Number(peak) / 1024);
      rows.push({ run, listed: report.listed, changed: report.changed, seconds: Number(seconds.toFixed(1)), peakMiB });
      ok &&= response.status === 200 && !report.skipped && report.listed === subscriptions;
      ok &&= seconds <= secondsMax && peakMiB <= residentMiBMax;
    }
    console.table(rows);
    console.log(
      ok ? `within ${secondsMax} s and ${residentMiBMax} MiB` : `not within ${secondsMax} s and ${residentMiBMax} MiB`,
    );
  } finally {
    await cloud.stop();
  }
  return ok ? 0 : 1;
}
