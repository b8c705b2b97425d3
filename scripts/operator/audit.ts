// `audit list`: which operator wrote what, when and why.

import { listAudit } from '@cody-gateway/shared/documents';
import { changeText } from './change-text.ts';
import { readArguments, UsageError, type Command } from './command.ts';
import { withDirectory } from './deployment.ts';
import { durationSeconds } from './limit-text.ts';
import { idOf } from './subscription-handle.ts';
import { deploymentOf, readMost, whereHelp } from './subscriptions.ts';
import { formatTable } from '../terminal/table.ts';

const listedByDefault = 200;
const listedMost = 1_000;

/** The command about the audit records. */
export const auditCommands: readonly Command[] = [
  {
    name: 'audit list',
    summary: 'who wrote what, when and why, newest first',
    help: `usage: npm run gateway -- audit list [--subscription <subscription>] [--since <time>] [--most <number>] [--project <id>] [--json]

  --subscription   about this one alone: its UUID, with or without es_, or its name where unique; a deleted one by its UUID
  --since          not older than that: 24h, 90m or 7d back from now, or a day (or second, UTC) such as 2026-11-28
  --most           how many at the most, the newest, up to ${listedMost}; ${listedByDefault} where absent
${whereHelp}
An outcome of "begun" means that nobody knows how it ended: see what stands.

examples:
  npm run gateway -- audit list --subscription acme --since 7d
  npm run gateway -- audit list --since 2026-11-28 --most 20
`,
    run: async (args) => {
      const { options } = readArguments(args, ['subscription', 'since', 'most', 'project']);
      const sinceMs = readSince(options.since, Date.now());
      const most = readMost(options.most, listedByDefault, listedMost);
      const deployment = await deploymentOf(options.project);
      const subject = options.subscription === undefined ? null : await idOf(deployment, options.subscription);
      // One more than asked for tells whether there are more. They come newest first: what is too old is at the end.
      const found = await withDirectory(deployment, (directory) => listAudit(directory, subject, most + 1));
      const young = found.filter(({ at }) => Date.parse(at) >= sinceMs);
      const records = young.slice(0, most);
      const more = young.length > most;
      const text =
        records.length === 0
          ? 'no audit records'
          : formatTable(
              ['WHEN', 'WHO', 'WHAT', 'ABOUT', 'CHANGE', 'OUTCOME', 'WHY'],
              records.map((one) => [
                one.at.slice(0, 19),
                one.who,
                one.what,
                one.subject ?? '-',
                changeText(one.change),
                one.outcome,
                one.why,
              ]),
            );
      return {
        text: more ? `${text}\n\nThere are more: give --most <number>.` : text,
        json: { place: deployment.name, more, records },
      };
    },
  },
];

/** Unix ms; the beginning of time where nothing is given. @throws UsageError */
function readSince(text: string | undefined, nowMs: number): number {
  if (text === undefined) return Number.NEGATIVE_INFINITY;
  const seconds = durationSeconds(text);
  if (seconds !== null) return nowMs - seconds * 1000;
  const ms = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z?)?$/.test(text)
    ? Date.parse(text.includes('T') && !text.endsWith('Z') ? `${text}Z` : text)
    : NaN;
  if (Number.isNaN(ms))
    throw new UsageError(`--since ${JSON.stringify(text)} is no time: write 24h, 7d, or a day such as 2026-11-28`);
  return ms;
}
