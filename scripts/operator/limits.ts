// `limits show | reset`: what a subscription may use, what it has used, and a counter that begins anew.

import { effectiveLimit, type SubscribedFeature, type SubscriptionRecord } from '@cody-gateway/shared/directory';
import { audited } from '@cody-gateway/shared/documents';
import { closeWindow, readWindows, type QuotaWindow } from '@cody-gateway/shared/limiter';
import { oneLine } from '@cody-gateway/shared/telemetry';
import { readArguments, UsageError, type Command } from './command.ts';
import { readAuthor, reasonHelp } from './author.ts';
import { askConsent, requireConsent, yesHelp } from './consent.ts';
import { existing, subscriptionHelp } from './subscription-handle.ts';
import { formatLimit } from './limit-text.ts';
import { withDirectory, type Deployment } from './deployment.ts';
import { patience, redisHelp, withRedis } from './redis.ts';
import { limitOptions } from './subscription-text.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';
import { formatTable } from '../terminal/table.ts';

type Option = keyof typeof limitOptions;
const options = Object.keys(limitOptions) as Option[];

/** The commands about consumption. */
export const limitCommands: readonly Command[] = [
  {
    name: 'limits show',
    summary: 'limits and current consumption of a subscription',
    help: `usage: npm run gateway -- limits show <subscription> [--project <id>] [--json]

${subscriptionHelp}${whereHelp}${redisHelp}
example:
  npm run gateway -- limits show acme
`,
    run: async (args) => {
      const { options: given, words } = readArguments(args, ['project'], ['<subscription>']);
      const deployment = await deploymentOf(given.project);
      const { id, record } = await existing(deployment, words[0] ?? '');
      const windows = await readAll(deployment, id);
      const rows = options.map((option) => row(option, record, windows.get(limitOptions[option])));
      return {
        text: formatTable(
          ['FEATURE', 'LIMIT', 'USED', 'OF THAT RESERVED', 'IN FLIGHT', 'RESETS AT', 'WINDOW'],
          rows.map(({ feature, limit, window }) => [
            feature,
            formatLimit(limit),
            String(window?.used ?? 0),
            String(window?.reserved ?? 0),
            String(window?.inFlight ?? 0),
            timeOf(window?.endMs),
            window?.id ?? '-',
          ]),
        ),
        json: { place: deployment.name, id, name: record.name, features: rows },
      };
    },
  },
  {
    name: 'limits reset',
    summary: 'begins a counter anew: the next call opens a whole quota',
    help: `usage: npm run gateway -- limits reset <subscription> --feature <feature> --reason <text> --yes [--project <id>] [--json]

${subscriptionHelp}  --feature        ${options.join(', ')}
${yesHelp} what was used of the window that runs is forgotten
${reasonHelp}${whereHelp}
The window that runs is closed, and the next call opens one. What is in flight is charged to neither; the ledger keeps every row. The burst window stays.
${redisHelp}
example:
  npm run gateway -- limits reset acme --feature chat --reason "incident 12 used it up" --yes
`,
    run: async (args) => {
      const { options: given, words, yes } = readArguments(args, ['feature', 'reason', 'project'], ['<subscription>']);
      if (given.feature === undefined) throw new UsageError(`--feature is missing: ${options.join(', ')}`);
      const option = options.find((one) => one === given.feature);
      if (option === undefined)
        throw new UsageError(`--feature ${JSON.stringify(given.feature)} is none of ${options.join(', ')}`);
      const what = `forgets what was used of the ${option} quota`;
      requireConsent({ yes, reason: given.reason }, what);
      const deployment = await deploymentOf(given.project);
      const feature = limitOptions[option];
      const { id, record } = await existing(deployment, words[0] ?? '');
      const window = (await readAll(deployment, id)).get(feature);
      if (window?.id === undefined || window.id === null)
        return {
          text: `nothing to reset: no ${option} quota of ${oneLine(record.name)} is in use`,
          json: { place: deployment.name, id, feature, reset: false },
        };
      await askConsent(yes, what, record.name);
      const author = await readAuthor(given.reason, deployment);
      const { id: name, used } = window;
      const change = `${feature}: window ${name} closed with ${used} used`;
      const reset = await withDirectory(deployment, (directory) =>
        audited(directory, author, { what: 'limits reset', subject: id, change }, async (tell) => {
          const closed = await withRedis(deployment, (store) =>
            closeWindow(store, ownerOf(id), feature, name, patience()),
          );
          // It ended by itself meanwhile.
          if (!closed) tell(null);
          return closed;
        }),
      );
      return {
        text: reset
          ? `the ${option} quota of ${oneLine(record.name)} is whole again: ${used} units of window ${name} are forgotten`
          : `window ${name} ended by itself meanwhile: nothing was to be done`,
        json: { place: deployment.name, id, feature, reset, window: name, used },
      };
    },
  },
];

function ownerOf(id: string): { source: 'dotcom-product-subscriptions'; id: string } {
  return { source: 'dotcom-product-subscriptions', id };
}

function readAll(deployment: Deployment, id: string): Promise<ReadonlyMap<string, QuotaWindow>> {
  return withRedis(deployment, (store) => readWindows(store, ownerOf(id), Object.values(limitOptions), patience()));
}

function row(
  option: Option,
  record: SubscriptionRecord,
  window: QuotaWindow | undefined,
): {
  feature: SubscribedFeature;
  limit: ReturnType<typeof effectiveLimit>;
  window: QuotaWindow | null;
} {
  const feature = limitOptions[option];
  return { feature, limit: effectiveLimit(record, feature, Date.now()), window: window ?? null };
}

function timeOf(ms: number | null | undefined): string {
  return typeof ms === 'number' ? new Date(ms).toISOString().slice(0, 19).replace('T', ' ') : '-';
}
