// A function is given what it reads: what concerns a provider that it has no key for stays away from it, and so does
// the warehouse's place.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { variables } from '@cody-gateway/shared/config';
import { readFunctionFiles } from './function-files.ts';
import { variablesRead } from './variables-read.ts';

const files = await readFunctionFiles();
const names = Object.values<{ readonly name: string }>(variables).map(({ name }) => name);

test('what every function reads, and what some do not', () => {
  const read = new Map(files.map((file) => [file.name, variablesRead(file)]));
  const readers = (variable: string): string[] =>
    [...read].flatMap(([name, own]) => (own.includes(variable) ? name : []));
  const all = files.map(({ name }) => name);
  for (const variable of ['GOOGLE_CLOUD_PROJECT', 'CODY_GATEWAY_OUTBOX_BYTES', 'CODY_GATEWAY_DOTCOM_INTERNAL_MODE'])
    assert.deepEqual(readers(variable), all, variable);
  const withKey = (key: string): string[] => files.flatMap(({ name, secrets }) => (secrets.includes(key) ? name : []));
  assert.deepEqual(readers('CODY_GATEWAY_ANTHROPIC_BASE_URL'), withKey('CODY_GATEWAY_ANTHROPIC_ACCESS_TOKEN'));
  assert.deepEqual(readers('CODY_GATEWAY_GOOGLE_ALLOWED_MODELS'), withKey('CODY_GATEWAY_GOOGLE_ACCESS_TOKEN'));
  assert.deepEqual(readers('CODY_GATEWAY_OPENAI_BASE_URL'), withKey('CODY_GATEWAY_OPENAI_ACCESS_TOKEN'));
  assert.ok(readers('CODY_GATEWAY_OPENAI_BASE_URL').includes('embeddings'));
  assert.deepEqual(readers('CODY_GATEWAY_EMBEDDINGS_ENDPOINTS'), ['embeddings']);
  assert.deepEqual(readers('CODY_GATEWAY_BIGQUERY_TABLE'), ['close-days', 'console', 'deliver-events']);
  assert.deepEqual(readers('CODY_GATEWAY_CONSOLE_IAP_AUDIENCE'), ['console']);
  // Each is read by somebody, and a secret is none of them.
  const secrets = Object.values<{ readonly name: string; readonly kind: string }>(variables).filter(
    ({ kind }) => kind === 'secret',
  );
  for (const name of names)
    assert.equal(
      readers(name).length === 0,
      secrets.some((secret) => secret.name === name),
      name,
    );
});

test('rules of flagging that are named after Anthropic are for every function that calls a provider', () => {
  const read = variablesRead({ secrets: ['CODY_GATEWAY_OPENAI_ACCESS_TOKEN'] });
  assert.ok(read.includes('CODY_GATEWAY_ANTHROPIC_BLOCKED_PROMPT_PATTERNS'));
  assert.ok(read.includes('CODY_GATEWAY_ANTHROPIC_PROMPT_TOKEN_FLAGGING_LIMIT'));
  assert.ok(!read.includes('CODY_GATEWAY_ANTHROPIC_BASE_URL'));
});
