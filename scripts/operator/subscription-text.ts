// Subscriptions as people read them: one over several lines, many in a table.

import {
  effectiveLimit,
  features,
  hasAccess,
  type SubscribedFeature,
  type SubscriptionEntry,
  type SubscriptionRecord,
} from '@cody-gateway/shared/directory';
import { oneLine } from '@cody-gateway/shared/telemetry';
import { formatLimit } from './limit-text.ts';
import { formatTable } from './table.ts';

/** Short names of features, as options and in texts. */
export const limitOptions = {
  chat: 'chat_completions',
  code: 'code_completions',
  embeddings: 'embeddings',
} as const satisfies Record<string, SubscribedFeature>;

/** One subscription over several lines. */
export function describe(id: string, record: SubscriptionRecord): string {
  const lines = [
    ['id', id],
    ['name', record.name],
    ['access', access(record)],
    ...Object.entries(limitOptions).map(([option, feature]) => [option, formatLimit(limitOf(record, feature))]),
    ['models', models(record)],
  ];
  return lines.map(([label = '', value = '']) => `${label.padEnd(12)}${oneLine(value)}\n`).join('');
}

/** Subscriptions, one a line. */
export function table(entries: readonly SubscriptionEntry[]): string {
  const rows = entries.map((entry) => {
    if ('fault' in entry) return [entry.id, '(malformed)'];
    const { id, record } = entry;
    const limits = Object.values(limitOptions).map((feature) => formatLimit(limitOf(record, feature)));
    return [id, record.name, access(record), ...limits, models(record)];
  });
  return formatTable(['ID', 'NAME', 'ACCESS', 'CHAT', 'CODE', 'EMBEDDINGS', 'MODELS'], rows);
}

/** With the plan's quotas and what operators said otherwise. */
function limitOf(record: SubscriptionRecord, feature: SubscribedFeature): ReturnType<typeof effectiveLimit> {
  return effectiveLimit(record, feature, Date.now());
}

function access(record: SubscriptionRecord): string {
  if (record.overrides.archived ?? record.archived) return 'archived';
  return hasAccess(record) ? 'on' : 'off';
}

/** The models of all features, each once. */
function models(record: SubscriptionRecord): string {
  return [...new Set(features.flatMap((feature) => limitOf(record, feature)?.allowedModels ?? []))].join(', ') || '-';
}
