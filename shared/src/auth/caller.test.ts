// What callers say of themselves: the token in its places, the feature in its spellings.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callerToken, featureFromHeader } from './caller.ts';

test('actors #5: the scheme in any case, split at the first blank, the rest unmodified', () => {
  assert.equal(callerToken({ authorization: 'bEaReR T' }, 'cody'), 'T');
  assert.equal(callerToken({ authorization: 'Bearer a b' }, 'cody'), 'a b');
  assert.equal(callerToken({ authorization: 'Bearer  a' }, 'cody'), ' a');
});

test('actors #1: no header and an empty one are no token, and no error', () => {
  assert.equal(callerToken({}, 'cody'), '');
  assert.equal(callerToken({ authorization: '' }, 'openai'), '');
});

test('actors #3, #4: no blank, or another scheme, is a malformed header', () => {
  for (const [authorization, message] of [
    ['Bearer', 'token type missing in Authorization header'],
    ['slk_123', 'token type missing in Authorization header'],
    ['Basic abc', 'invalid token type Basic'],
    ['token abc', 'invalid token type token'],
  ] as const)
    assert.throws(() => callerToken({ authorization }, 'cody'), { kind: 'malformed-authorization', message });
});

test('x-api-key is the token on Anthropic’s dialect alone, and only where there is no Authorization', () => {
  assert.equal(callerToken({ 'x-api-key': 'K' }, 'anthropic'), 'K');
  assert.equal(callerToken({ 'x-api-key': 'K', authorization: 'Bearer T' }, 'anthropic'), 'T');
  for (const dialect of ['cody', 'openai'] as const) assert.equal(callerToken({ 'x-api-key': 'K' }, dialect), '');
});

test('actors #35, #36: the feature header is required, trimmed, case-sensitive, one of two', () => {
  assert.equal(featureFromHeader('chat_completions'), 'chat_completions');
  assert.equal(featureFromHeader('\t code_completions '), 'code_completions');
  for (const none of [undefined, '', '   ', ['chat_completions', 'chat_completions']])
    assert.throws(() => featureFromHeader(none), {
      kind: 'feature-header',
      message: 'X-Sourcegraph-Feature header is required',
    });
  for (const wrong of ['foo', 'embeddings', 'Chat_Completions', 'chat_completions,chat_completions'])
    assert.throws(() => featureFromHeader(wrong), {
      kind: 'feature-header',
      message: 'invalid value for X-Sourcegraph-Feature',
    });
});
