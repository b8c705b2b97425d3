// A whole gateway holds a call against its budget: bound by the request itself, refused in its caller's dialect,
// charged by what the provider reports, in counter and row.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startGateway, type TestGateway } from '../local/test-gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({ functions: ['chat-completions', 'limits'] });
});
after(() => gateway.stop());

const model = 'claude-3-haiku-20240307';
const ask = (token: string, maxTokens: number) =>
  gateway.call('/v1/messages', {
    method: 'POST',
    token,
    headers: { 'anthropic-version': '2023-06-01' },
    body: { model, max_tokens: maxTokens, messages: [{ role: 'user', content: 'hello' }] },
  });

test('what fits is served and charged to the nano-dollar, what may cost more than is left is refused with a sentence', async () => {
  const { id, token } = await gateway.subscription({ limit: 100 });
  await gateway.write(`subscriptions/${id}`, {
    overrides: { budgets: { subscription: { limitUsd: '0.005', window: 'life' } } },
  });
  const served = await ask(token, 50);
  assert.equal(served.status, 200, served.text);
  const { status, headers, text } = await ask(token, 4_096);
  assert.equal(status, 429, text);
  const { error } = JSON.parse(text) as { error: { type: string; message: string } };
  assert.equal(error.type, 'rate_limit_error');
  assert.match(
    error.message,
    /^this call may cost \$0\.00\d+, and \$0\.00\d+ is left of the budget of \$0\.005 \(life\): ask for less/,
  );
  assert.equal(headers.get('x-should-retry'), 'false');
  const told = await gateway.call('/v1/limits?include=budgets', { token });
  const [budget] = (JSON.parse(told.text) as { budgets: { usedUsd: string; heldUsd: string }[] }).budgets;
  assert.ok(Number(budget?.usedUsd) > 0 && Number(budget?.usedUsd) < 0.005, told.text);
  assert.equal(budget?.heldUsd, '0');
});
