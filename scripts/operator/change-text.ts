// What an audit record says was changed, as people read it: limits as they are typed, `chat 800/24h`. Records keep
// JSON where a change is one of limits.

import * as v from 'valibot';
import { formatSeconds } from './limit-text.ts';
import { limitOptions } from './subscription-text.ts';

const limitSchema = v.nullable(
  v.object({
    limit: v.nullish(v.number()),
    intervalSeconds: v.nullish(v.number()),
    allowedModels: v.nullish(v.array(v.string())),
  }),
);
const limitsSchema = v.strictObject(
  Object.fromEntries(Object.values(limitOptions).map((feature) => [feature, v.optional(limitSchema)])),
);
const createdSchema = v.strictObject({ name: v.string(), limits: limitsSchema });

const promptsSchema = v.strictObject({
  prompts: v.record(v.string(), v.nullable(v.union([v.string(), v.array(v.string())]))),
});

/** @param change as it is recorded: JSON of limits, or words */
export function changeText(change: string): string {
  if (!change.startsWith('{')) return change;
  let json: unknown;
  try {
    json = JSON.parse(change);
  } catch {
    return change;
  }
  const created = v.safeParse(createdSchema, json);
  if (created.success) return [JSON.stringify(created.output.name), limitsText(created.output.limits)].join(': ');
  const stated = v.safeParse(promptsSchema, json);
  if (stated.success)
    return Object.entries(stated.output.prompts)
      .map(([member, value]) => `${member} ${value === null ? 'default' : [value].flat().join(', ')}`)
      .join('; ');
  const limits = v.safeParse(limitsSchema, json);
  return limits.success ? limitsText(limits.output) : change;
}

function limitsText(limits: v.InferOutput<typeof limitsSchema>): string {
  const parts = Object.entries(limitOptions).flatMap(([option, feature]) => {
    const said = limits[feature];
    return said === undefined ? [] : [`${option} ${limitText(said)}`];
  });
  // The same models for all are said once.
  const models = new Set(Object.values(limits).map((said) => said?.allowedModels?.join(', ')));
  const [same] = models;
  const shared = models.size === 1 && same !== undefined ? [`models ${same}`] : [];
  const own = Object.entries(limitOptions).flatMap(([option, feature]) => {
    const list = limits[feature]?.allowedModels;
    return shared.length > 0 || !list ? [] : [`models of ${option} ${list.join(', ')}`];
  });
  return [...parts.filter((part) => !part.endsWith(' ')), ...shared, ...own].join('; ');
}

function limitText(said: v.InferOutput<typeof limitSchema>): string {
  if (said === null) return 'default';
  const { limit, intervalSeconds } = said;
  if (limit === 0) return 'none';
  const units = typeof limit === 'number' ? String(limit) : '';
  return typeof intervalSeconds === 'number' ? `${units}/${formatSeconds(intervalSeconds)}` : units;
}
