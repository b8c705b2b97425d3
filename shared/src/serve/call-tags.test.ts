// What callers already send as tags reaches the row, within its bounds: no text, no end, the header before the body.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callTagsOf } from './call-tags.ts';

const header = (text: string) => ({ 'x-cody-tags': text });

test('the header, on every path', () => {
  const { tags, warning } = callTagsOf(header(' team=search , project = alpha/1,, cost-centre=4711 '));
  assert.deepEqual([tags, warning], [['team=search', 'project=alpha/1', 'cost-centre=4711'], null]);
  assert.deepEqual(callTagsOf({}), { tags: [], warning: null });
});

test('the member that the SDK of a dialect has for it; the header wins', () => {
  const metadata = { team: 'search', user: 'u@example.com' };
  for (const dialect of ['openai-chat', 'openai-text', 'openai-responses'] as const)
    assert.deepEqual(callTagsOf(header('team=ads'), { metadata }, dialect).tags, ['team=ads', 'user=u@example.com']);
  assert.deepEqual(callTagsOf({}, { labels: { team: 'search' } }, 'gemini-generate').tags, ['team=search']);
  assert.deepEqual(callTagsOf({}, { metadata: { user_id: 'u' } }, 'anthropic-messages').tags, []);
  for (const odd of [null, 'x', 7, [1], undefined])
    assert.deepEqual(callTagsOf({}, { metadata: odd }, 'openai-chat'), { tags: [], warning: null });
});

test('texts, numbers, long ones and those above the tenth are left out, and counted for the caller', () => {
  const metadata = {
    prompt: 'write me a poem',
    long: 'x'.repeat(65),
    number: 7,
    nested: { a: 'b' },
    'a name of words': 'x',
    line: 'a\nb',
    equals: 'a=b',
    Füße: 'x',
    empty: '',
    good: 'x'.repeat(64),
  };
  const { tags, warning } = callTagsOf({}, { metadata }, 'openai-chat');
  assert.deepEqual(tags, [`good=${'x'.repeat(64)}`]);
  assert.match(warning ?? '', /^tags: 9 of this call are not in its record: at most 10 are/);
  assert.doesNotMatch(warning ?? '', /poem/);
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`n${i}`, 'x']));
  assert.equal(callTagsOf({}, { metadata: many }, 'openai-chat').tags.length, 10);
  const endless = callTagsOf(
    header(
      Object.keys(many)
        .map((name) => `${name}=${'y'.repeat(64)}`)
        .join(),
    ),
  );
  assert.equal(endless.tags.length, 10);
  assert.ok(endless.tags.join().length < 10 * 106);
  assert.deepEqual(callTagsOf(header('=x,team,a=')).tags, []);
});
