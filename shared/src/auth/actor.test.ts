// From what the directory holds to who is charged: internal mode, what grants nothing, how old it is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordOf } from '../directory/directory.ts';
import { actorOf, type AccessSettings } from './actor.ts';

const settings: AccessSettings = {
  burstPercentage: 50,
  burstIntervalMs: 10_000,
  inFlightMin: 20,
  dotcomInternalMode: false,
  billingTimeZone: 'UTC',
};
const actor = (more: object, over: Partial<AccessSettings> = {}) =>
  actorOf(
    {
      source: 'dotcom-product-subscriptions',
      id: 'i',
      record: recordOf({ name: 'n', accessEnabled: true, limits: {}, ...more }, 'd'),
      version: 7,
    },
    { ...settings, ...over },
    0,
  );

test('what the directory grants whole becomes an entitlement, in an actor of the same name and id', () => {
  const limits = { chat_completions: { limit: 500, intervalSeconds: 86_400, allowedModels: ['*'] } };
  assert.deepEqual(actor({ limits }), {
    source: 'dotcom-product-subscriptions',
    id: 'i',
    name: 'n',
    tags: [],
    accessEnabled: true,
    places: null,
    pool: null,
    lastUpdatedMs: null,
    version: 7,
    limits: {
      chat_completions: {
        limit: 500,
        intervalMs: 86_400_000,
        allowedModels: ['*'],
        burst: { limit: 250, intervalMs: 10_000 },
        inFlightMax: 250,
      },
    },
  });
});

test('a limit that grants nothing is left out, as is one that is null, and an override of the limit alone without a plan', () => {
  const embeddings = { limit: 500, intervalSeconds: 86_400, allowedModels: ['*'] };
  const limits = { chat_completions: { ...embeddings, limit: 0 }, code_completions: null, embeddings };
  assert.deepEqual(Object.keys(actor({ limits }).limits), ['embeddings']);
  assert.deepEqual(actor({ overrides: { limits: { chat_completions: { limit: 7 } } } }).limits, {});
});

test('without access: disabled, or archived', () => {
  assert.equal(actor({ accessEnabled: false }).accessEnabled, false);
  assert.equal(actor({ archived: true }).accessEnabled, false);
});

test('internal mode lets in licences with the tags dev and internal alone; operators’ own subscriptions have no licence', () => {
  const access = (tags: string[], origin: 'sourcegraph' | 'operator') =>
    actor({ tags, origin }, { dotcomInternalMode: true }).accessEnabled;
  assert.deepEqual(
    [access(['dev'], 'sourcegraph'), access(['internal', 'x'], 'sourcegraph'), access(['developer'], 'sourcegraph')],
    [true, true, false],
  );
  assert.equal(access([], 'operator'), true);
  assert.equal(actor({ tags: [], origin: 'sourcegraph' }).accessEnabled, true);
});

test('an actor knows when its source last told of it, and which version of the directory it is from', () => {
  const { lastUpdatedMs, version } = actor({ lastUpdatedMs: 5 });
  assert.deepEqual([lastUpdatedMs, version, actor({}).lastUpdatedMs], [5, 7, null]);
});
