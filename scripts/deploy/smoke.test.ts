// The smoke suite against the local cloud passes, and against a gateway that refuses it does not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCloud } from '../local/cloud.ts';
import { smoke } from './smoke.ts';

/** What is tested is not this machine's speed. */
const env = { CODY_GATEWAY_REDIS_BUDGET: '20s' };

test('the suite passes on a whole gateway and fails with a token that is none', async () => {
  const cloud = await startCloud({ env });
  try {
    const lines: string[] = [];
    assert.equal(await smoke(cloud.url, cloud.token, (line) => lines.push(line)), true, lines.join('\n'));
    const providers = ['anthropic-messages', 'openai', 'fireworks'];
    const completions = ['chat_completions', 'code_completions'].flatMap((feature) =>
      providers.flatMap((provider) => ['streamed', 'whole'].map((how) => `${feature} ${provider} ${how}`)),
    );
    assert.deepEqual(
      lines.slice(0, -1),
      ['version', ...completions, 'embeddings', 'limits', 'models'].map((name) => `ok      ${name}`),
    );
    // A part of a gateway passes, but not as the deploy of what is not there.
    const part = await startCloud({ functions: ['chat-completions', 'diagnostics'], env });
    try {
      const told: string[] = [];
      const print = (line: string): void => void told.push(line);
      assert.equal(await smoke(part.url, part.token, print), true, told.join('\n'));
      assert.ok(told.includes('absent  embeddings'), told.join('\n'));
      assert.equal(await smoke(part.url, part.token, print, ['embeddings']), false);
      assert.ok(told.includes('FAILED  embeddings: was deployed, and nothing of it is served'), told.join('\n'));
    } finally {
      await part.stop();
    }
    assert.equal(await smoke(cloud.url, `slk_${'0'.repeat(64)}`, () => undefined), false);
  } finally {
    await cloud.stop();
  }
});
