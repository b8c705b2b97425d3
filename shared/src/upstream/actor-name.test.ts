// Who asks, as a provider is told: always the actor first, never longer than the provider takes, users told apart.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actorName } from './actor-name.ts';
import { cody } from './reading.test/reader.ts';

const sdk = { ...cody, dialect: 'anthropic', actorUid: null } as const;

test('an instance names its user in a header, and nobody else does for it', () => {
  assert.equal(actorName(cody, 'evil'), 'sub1:42');
  assert.equal(actorName({ ...cody, actorUid: null }, 'evil'), 'sub1:');
});

test('an SDK’s caller keeps its own name behind the actor’s', () => {
  assert.equal(actorName(sdk, 'user-7'), 'sub1:user-7');
  assert.equal(actorName({ ...sdk, actorUid: '42' }, 'user-7'), 'sub1:42', 'the header is who is really there');
  for (const none of [undefined, null, 7, {}]) assert.equal(actorName(sdk, none), 'sub1:');
});

test('at most 256 characters, users still told apart', () => {
  assert.equal(actorName(sdk, 'x'.repeat(251)).length, 256);
  const [one, other] = ['a', 'b'].map((last) => actorName(sdk, 'x'.repeat(300) + last));
  for (const name of [one, other, actorName({ ...sdk, actorId: 'i'.repeat(400) }, 'u')])
    assert.ok(name !== undefined && name.length <= 256);
  assert.match(String(one), /^sub1:[0-9a-f]{64}$/);
  assert.notEqual(one, other);
});
