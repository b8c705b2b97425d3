// What the shell of `npm start` hands on: the gateway's own variables, keys of any home that the catalogue names, and
// nothing else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readShell, warningsOf } from './shell-settings.ts';

test('keys of homes are handed on, of a release and of the user’s own rows, with a word of what they cost', () => {
  const acme = {
    provider: 'acme',
    kind: 'api-key',
    baseUrl: 'https://api.acme.example',
    company: 'acme',
    secrets: ['ACME_API_KEY'],
    state: 'acme-api',
  };
  const catalogue = JSON.stringify({ homes: [{ id: 'acme-api', ...acme }] });
  const shell = readShell({
    CODY_GATEWAY_CATALOGUE: catalogue,
    MISTRAL_API_KEY: 'm',
    ACME_API_KEY: 'a',
    GROQ_API_KEY: '',
    OPENAI_API_KEY: 'o',
    HOME: '/root',
  });
  assert.deepEqual(shell.env, { CODY_GATEWAY_CATALOGUE: catalogue, MISTRAL_API_KEY: 'm', ACME_API_KEY: 'a' });
  // However the lines are broken.
  const warnings = warningsOf(shell).map((warning) => warning.replaceAll(/\s+/g, ' '));
  assert.deepEqual(warnings, [
    'OPENAI_API_KEY is set in this shell: calls to openai go to the real one and cost money',
    'MISTRAL_API_KEY is set in this shell: calls to mistral go to the real one and cost money',
    'ACME_API_KEY is set in this shell: calls to acme go to the real one and cost money',
  ]);
});

test('rows that are wrong stop the start, each told', () => {
  assert.throws(() => readShell({ CODY_GATEWAY_CATALOGUE: '{"homes":[{"id":"Not A Name"}]}' }), /Not A Name/);
  assert.throws(() => readShell({ CODY_GATEWAY_CATALOGUE: 'nowhere.json' }), /nowhere\.json/);
});
