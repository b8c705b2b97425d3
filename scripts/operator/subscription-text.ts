// Subscriptions as people read them: one over several lines, many in a table.

import {
  budgetScopes,
  effectiveLimit,
  features,
  hasAccess,
  promptPlaces,
  type SubscribedFeature,
  type SubscriptionEntry,
  type SubscriptionRecord,
} from '@cody-gateway/shared/directory';
import { oneLine } from '@cody-gateway/shared/telemetry';
import { formatLimit } from './limit-text.ts';
import { formatTable } from '../terminal/table.ts';

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
    ...prompts(record),
    ...budgetsOf(record).map((text) => ['budget', text]),
    ...overridden(record).map((text) => ['overridden', text]),
  ];
  return lines.map(([label = '', value = '']) => `${label.padEnd(12)}${oneLine(value)}\n`).join('');
}

/** Where prompts may go; nothing where nothing is stated. */
function prompts(record: SubscriptionRecord): string[][] {
  const places = promptPlaces(record);
  if (places === null) return [];
  const { companies, regions, retention } = places;
  const said = [
    companies === null ? 'to the company of the model alone' : `to ${companies.join(', ')}`,
    regions === null ? 'anywhere' : `in ${regions.join(', ')}`,
    retention === null ? 'kept as each company does' : retention === 'none' ? 'not kept' : `kept for ${retention}`,
  ];
  return [['prompts', said.join('; ')]];
}

/** Budgets in dollars, one sentence each; what is used of them budgets show tells. */
function budgetsOf({ overrides: { budgets } }: SubscriptionRecord): string[] {
  return budgetScopes.flatMap((scope) => {
    const budget = budgets?.[scope] ?? null;
    if (budget === null) return [];
    const name = Object.entries(limitOptions).find(([, feature]) => feature === scope)?.[0] ?? 'all features';
    const window = budget.window === 'life' ? 'for life' : `a ${budget.window}`;
    return [`${name}: $${budget.limitUsd} ${window}, ${budget.hard ? 'hard' : 'soft'} (budgets show)`];
  });
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

/**
 * An entry as a program reads it: what is in force, and beside it what the source states and what operators said
 * against it.
 */
export function flat(entry: SubscriptionEntry): object {
  if ('fault' in entry) return entry;
  const { id, record } = entry;
  const { name, accessEnabled, archived, limits, overrides, ...more } = record;
  return {
    id,
    name,
    accessEnabled: hasAccess(record),
    archived: overrides.archived ?? archived,
    limits: present(Object.fromEntries(Object.values(limitOptions).map((one) => [one, limitOf(record, one)]))),
    stated: { accessEnabled, archived, limits },
    overrides: present({
      ...overrides,
      limits: overrides.limits && present(overrides.limits, (limit) => present(limit as object)),
    }),
    ...more,
  };
}

/** Members that say something. */
function present(members: object, inside: (value: unknown) => unknown = (value) => value): object {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]: [string, unknown]) =>
      value === null || value === undefined ? [] : [[name, inside(value)]],
    ),
  );
}

/** What operators said against the source, one sentence each. */
function overridden({ accessEnabled, archived, limits, plan, overrides }: SubscriptionRecord): string[] {
  const bare = { accessEnabled, archived, limits, plan, overrides: {} } as SubscriptionRecord;
  const stated = (['archived', 'accessEnabled'] as const).flatMap((name) =>
    typeof overrides[name] === 'boolean' ? [`access; its source says ${access(bare)}`] : [],
  );
  const byFeature = Object.entries(limitOptions).flatMap(([option, feature]) => {
    const said = overrides.limits?.[feature];
    if (said === undefined || said === null || Object.keys(present(said)).length === 0) return [];
    const source = limitOf(bare, feature);
    const ofModels = said.allowedModels ? `, models ${source?.allowedModels.join(', ') ?? '-'}` : '';
    return [`${option}; its source says ${formatLimit(source)}${ofModels}`];
  });
  return [...new Set(stated), ...byFeature];
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
