// `usage cost` as an operator runs it: a process beside a running cloud, its table and its JSON.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { anthropicBody, chat, openAiBody, startGateway } from '../local/test-gateway.ts';

const program = path.resolve(import.meta.dirname, 'operator.ts');

test('usage by subscription, feature and model: calls, charges and tokens as the events say', async (t) => {
  const gateway = await startGateway({ functions: ['chat-completions', 'embeddings', 'deliver-events'] });
  t.after(() => gateway.stop());
  const cost = async (...args: string[]): Promise<string> =>
    (
      await promisify(execFile)(process.execPath, [
        program,
        'usage',
        'cost',
        '--bigquery',
        gateway.bigquery.url,
        ...args,
      ])
    ).stdout;
  assert.equal(await cost(), 'nothing was used yet\n');

  const { id, token } = await gateway.subscription({ limit: 10 });
  const ask = (route: string, body: object) => gateway.call(`/v1/completions/${route}`, { token, headers: chat, body });
  for (let i = 0; i < 3; i++) assert.equal((await ask('anthropic-messages', anthropicBody())).status, 200);
  assert.equal((await ask('openai', openAiBody())).status, 200);
  gateway.openai?.next({ status: 500, body: '{}' }, 2);
  assert.equal((await ask('openai', openAiBody())).status, 500);
  const events = await gateway.events(`identifier = '${id}'`);

  const rows = JSON.parse(await cost('--json')) as Record<string, unknown>[];
  const sum = (model: string, key: string): number =>
    events.filter((event) => event.model === model).reduce((total, { metadata }) => total + Number(metadata[key]), 0);
  const nanoUsd = (model: string): number =>
    events.filter((event) => event.model === model).reduce((total, event) => total + Number(event.cost_nano_usd), 0);
  const row = (model: string, calls: number, charged: number): object => ({
    subscription: id,
    feature: 'chat_completions',
    model,
    calls,
    charged,
    input_tokens: sum(model, 'prompt_token_count'),
    output_tokens: sum(model, 'completion_token_count'),
    cost_nano_usd: nanoUsd(model),
    cost_micro_usd: Math.round(nanoUsd(model) / 1_000),
    unconfirmed_nano_usd: 0,
    estimated_nano_usd: 0,
    partly_unpriced: 0,
    unpriced: 0,
  });
  assert.deepEqual(rows, [row('anthropic/claude-3-haiku-20240307', 3, 3), row('openai/gpt-4o', 2, 1)]);
  assert.ok(sum('openai/gpt-4o', 'prompt_token_count') > 0);
  assert.ok(events.every(({ cost_nano_usd: cost, units }) => cost !== null && cost > 0 === units > 0));
  const embeddings = { limit: 100, intervalSeconds: 86_400, allowedModels: ['*'] };
  const other = await gateway.subscription(null, { limits: { embeddings } });
  const body = { model: 'openai/text-embedding-ada-002', input: ['one two', 'three'] };
  assert.equal((await gateway.call('/v1/embeddings', { token: other.token, body })).status, 200);
  await gateway.events();
  const own = (JSON.parse(await cost('--json')) as Record<string, unknown>[]).find(
    ({ subscription }) => subscription === other.id,
  );
  assert.deepEqual(
    [own?.['feature'], own?.['calls'], own?.['charged'], own?.['input_tokens']],
    ['embeddings', 1, 3, 3],
    'an embedding is charged by its tokens',
  );
  assert.match(await cost(), /^SUBSCRIPTION .* COST, \$\n/);
  assert.match(await cost(), /anthropic\/claude-3-haiku-20240307/);

  const all = JSON.parse(await cost('--json')) as unknown;
  // Two days, for a test that runs over midnight.
  assert.deepEqual(JSON.parse(await cost('--json', '--days', '2')), all);
  await gateway.bigquery.rows('UPDATE events SET created_at = created_at - to_days(10)');
  assert.equal(await cost('--days', '2'), 'nothing was used yet\n');
  assert.deepEqual(JSON.parse(await cost('--json')), all);
});
