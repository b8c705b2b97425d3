// Subscriptions as people read them: one over several lines, many in a table.

import { features, type Feature, type SubscriptionEntry, type SubscriptionRecord } from '@cody-gateway/shared/auth';
import { formatLimit } from './limit-text.ts';
import { formatTable } from './table.ts';

/** Short names of features, as options and in texts. */
export const limitOptions = {
  chat: 'chat_completions',
  code: 'code_completions',
  embeddings: 'embeddings',
} as const satisfies Record<string, Feature>;

/** One subscription over several lines. */
export function describe(id: string, record: SubscriptionRecord): string {
  const lines = [
    ['id', id],
    ['name', record.name],
    ['access', access(record)],
    ...Object.entries(limitOptions).map(([option, feature]) => [option, formatLimit(record.limits[feature])]),
    ['models', models(record)],
  ];
  return lines.map(([label = '', value = '']) => `${label.padEnd(12)}${value}\n`).join('');
}

/** Subscriptions, one a line. */
export function table(entries: readonly SubscriptionEntry[]): string {
  const rows = entries.map((entry) => {
    if ('fault' in entry) return [entry.id, '(malformed)'];
    const { id, record } = entry;
    const limits = Object.values(limitOptions).map((feature) => formatLimit(record.limits[feature]));
    return [id, record.name, access(record), ...limits, models(record)];
  });
  return formatTable(['ID', 'NAME', 'ACCESS', 'CHAT', 'CODE', 'EMBEDDINGS', 'MODELS'], rows);
}

function access({ accessEnabled, archived }: SubscriptionRecord): string {
  if (archived) return 'archived';
  return accessEnabled ? 'on' : 'off';
}

/** The models of all features, each once. */
function models({ limits }: SubscriptionRecord): string {
  return [...new Set(features.flatMap((feature) => limits[feature]?.allowedModels ?? []))].join(', ') || '-';
}
