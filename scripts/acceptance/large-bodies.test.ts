// Large requests at once meet the memory of their instance: some are served, the others told to come again, and the function lives.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chat, openAiBody, startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({ functions: ['chat-completions'] });
});
after(() => gateway.stop());

/** Below the largest that is taken (32 MiB). */
const largeBytes = 30_000_000;
const atOnce = 6;

// Letters of two bytes: as text in memory they take as much again.
for (const [what, letter] of [
  ['plain', 'a'],
  ['wide', 'ж'],
] as const)
  test(`${atOnce} bodies of 30 MB at once, ${what} text: one at least is served, the others are told when to retry, a small one is not held up`, async () => {
    const content = letter.repeat(largeBytes / Buffer.byteLength(letter));
    const ask = (text: string): ReturnType<TestGateway['call']> =>
      gateway.call('/v1/chat/completions', {
        headers: chat,
        body: openAiBody({ messages: [{ role: 'user', content: text }] }),
      });
    const large = Array.from({ length: atOnce }, () => ask(content));
    assert.equal((await ask('small')).status, 200);
    const answers = await Promise.all(large);
    assert.ok(
      answers.some(({ status }) => status === 200),
      'one is always let in',
    );
    for (const { status, headers, text } of answers) {
      if (status === 200) continue;
      assert.equal(status, 503);
      assert.match(text, /too many large requests at once/);
      assert.ok(Number(headers.get('retry-after')) > 0);
    }
    // What they took is given back.
    assert.equal((await ask(content)).status, 200);
  });
