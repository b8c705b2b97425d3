// Requests as the room reads them, out of a catalogue with a key of each original provider: for the tests of dialects,
// rules and choices.

import assert from 'node:assert/strict';
import { openCatalogue, type Catalogue } from '../../catalogue/catalogue.ts';
import { loadConfig } from '../../config/config.ts';
import type { Call, CallerFacts, JsonObject, Surface } from '../call.ts';
import { dialectNamed } from '../dialects.ts';
import { homeAccess } from '../home-access.ts';
import { createUpstream, type Upstream } from '../upstream.ts';

const required = { REDIS_ENDPOINT: 'none', CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none' };
/** A key of each. */
export const keys: Readonly<Record<string, string>> = Object.fromEntries(
  ['ANTHROPIC', 'OPENAI', 'FIREWORKS', 'GOOGLE'].map((name) => [`CODY_GATEWAY_${name}_ACCESS_TOKEN`, 'key']),
);

/** What instances and SDKs send to, by the dialect or the provider. */
export const surfaces = {
  'anthropic-messages': { provider: 'anthropic', dialects: ['anthropic-messages'] },
  'anthropic-count-tokens': { provider: 'anthropic', dialects: ['anthropic-count-tokens'] },
  'anthropic-text': { provider: 'anthropic', dialects: ['anthropic-text'] },
  openai: { provider: 'openai', dialects: ['openai-chat', 'openai-text'] },
  fireworks: { provider: 'fireworks', dialects: ['openai-chat', 'openai-text'] },
  google: { provider: 'google', dialects: ['gemini-generate'] },
  'openai-chat': { provider: 'openai', dialects: ['openai-chat'] },
  'openai-text': { provider: 'openai', dialects: ['openai-text'] },
  'gemini-embeddings': { provider: 'google', dialects: ['gemini-embeddings'], features: ['embeddings'] },
  'openai-responses': { provider: 'openai', dialects: ['openai-responses'] },
} as const satisfies Readonly<Record<string, Surface>>;
export type SurfaceName = keyof typeof surfaces;

/** An instance's user. */
export const cody: CallerFacts = {
  actorId: 'sub1',
  actorUid: '42',
  dialect: 'cody',
  feature: 'chat_completions',
  headers: {},
};

/** What a test asks with. */
export interface Reader {
  readonly catalogue: Catalogue;
  readonly upstream: Upstream;
  /** @throws Refusal */
  read(surface: SurfaceName, body: JsonObject, caller?: CallerFacts): Call;
}

/** @param env beside the keys; an empty value takes one away */
export function readerOf(env: Readonly<Record<string, string>> = {}, draw: () => number = () => 50): Reader {
  const config = loadConfig({ ...required, ...keys, ...env });
  const nowMs = Date.parse('2026-11-28');
  const catalogue = openCatalogue({ config, nowMs, overlay: null, onFaults: () => assert.fail('faults') }).latest();
  const upstream = createUpstream({ config, googleTokens: () => Promise.resolve('token'), warn: assert.fail, draw });
  return {
    catalogue,
    upstream,
    read: (surface, body, caller = cody) => upstream.read(surfaces[surface], body, caller, catalogue),
  };
}

const access = homeAccess({ secretNamed: () => 'key', googleTokens: () => Promise.resolve('token') });

/** Where a call goes at its first home: address and headers. */
export async function sentTo(call: Call): Promise<{ url: string; headers: Record<string, string> }> {
  const [home] = call.homes;
  assert.ok(home !== undefined && call.model !== null);
  const { secure, options, headers } = await access({
    home,
    dialectName: call.dialect,
    dialect: dialectNamed(call.dialect),
    reading: call,
    model: home.spelling(call.model.name, call.model.id),
  });
  const pairs = Array.from({ length: headers.length / 2 }, (_, i) => [headers[2 * i], headers[2 * i + 1]] as const);
  return {
    url: `${secure ? 'https' : 'http'}://${options.hostname ?? ''}${options.path ?? ''}`,
    headers: Object.fromEntries(pairs) as Record<string, string>,
  };
}
