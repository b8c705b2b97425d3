// The smoke suite against the local cloud passes, and against a gateway that refuses it does not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCloud } from '../local/cloud.ts';
import { smoke } from './smoke.ts';

test('the suite passes on a whole gateway and fails with a token that is none', async () => {
  const cloud = await startCloud();
  try {
    const lines: string[] = [];
    assert.equal(await smoke(cloud.url, cloud.token, (line) => lines.push(line)), true, lines.join('\n'));
    assert.ok(lines.includes('ok      chat_completions anthropic-messages streamed'), lines.join('\n'));
    assert.equal(await smoke(cloud.url, `slk_${'0'.repeat(64)}`, () => undefined), false);
  } finally {
    await cloud.stop();
  }
});
