// An operator's commands against a running gateway: ten seconds after them the next request has a new model, a kill
// switch in its own dialect, a drained home; also where the function's process stood still during the change. Nothing
// is deployed and nothing is restarted.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { localProject } from '../local/cloud.ts';
import { anthropicBody, chat, startGateway, type TestGateway } from '../local/test-gateway.ts';

const program = path.resolve(import.meta.dirname, '../operator/operator.ts');
/** What operators are promised. */
const inForceMs = 10_000;
let gateway: TestGateway;
let token = '';
before(async () => {
  gateway = await startGateway({
    functions: ['chat-completions', 'deliver-events'],
  });
  ({ token } = await gateway.subscription({ limit: 10_000 }));
});
after(async () => {
  gateway.functions.get('chat-completions')?.child.kill('SIGCONT');
  await gateway.stop();
});

const operate = (...args: string[]): Promise<Record<string, unknown>> => look(...args, '--reason', 'a test');

async function look(...args: string[]): Promise<Record<string, unknown>> {
  const env = {
    ...process.env,
    FIRESTORE_EMULATOR_HOST: gateway.firestore.host,
    REDIS_ENDPOINT: gateway.redis.url,
  };
  const all = [program, ...args, '--project', localProject, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, all, { env });
  return JSON.parse(stdout) as Record<string, unknown>;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

const messages = [{ role: 'user', content: 'Hello' }];
const ask = (route: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  gateway.call(route, { token, headers, body });
const openai = (model: string, more = {}): Promise<Answer> =>
  ask('/v1/chat/completions', { model, messages, max_tokens: 5, ...more });

/** Its answer has begun. */
async function stream(model: string, by = token): Promise<Response> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${by}` },
    body: JSON.stringify({ model, messages, stream: true }),
  });
  assert.equal(response.status, 200);
  return response;
}

/** Two callers who call a model again and again. @returns what ends it, and tells their answers in order */
function startLoad(model: string): () => Promise<Answer[]> {
  const answers: Answer[] = [];
  let isOver = false;
  const caller = async (): Promise<void> => {
    while (!isOver) {
      answers.push(await openai(model));
      await sleep(100);
    }
  };
  const callers = Promise.all([caller(), caller()]);
  return async () => {
    isOver = true;
    await callers;
    return answers;
  };
}

test('a model of tomorrow is served to the next request, though the function stood still during the change', async () => {
  assert.equal((await openai('openai/gpt-99')).status, 404);
  const { child, url } = gateway.functions.get('chat-completions') ?? assert.fail();
  child.kill('SIGSTOP');
  const { published } = await operate('models', 'add', 'openai/gpt-99', '--like', 'openai/gpt-4o');
  assert.equal(published, true);
  await sleep(inForceMs);
  child.kill('SIGCONT');
  // Past the router, whose idle connection ended meanwhile: what a sleeping process makes of a call on it is not the
  // question.
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ model: 'openai/gpt-99', messages, max_tokens: 5 }),
  });
  assert.equal(answer.status, 200, await answer.text());
  const list = await gateway.call('/v1/models', { token });
  const { data } = JSON.parse(list.text) as { data: { id: string; context_window?: number }[] };
  const [added, like] = ['gpt-99', 'gpt-4o'].map((name) => data.find(({ id }) => id === name));
  assert.ok(added?.context_window !== undefined);
  assert.equal(added.context_window, like?.context_window);
});

test('the kill switch under load: running streams end whole, the next call is told why in its dialect; and back', async () => {
  const text = 'off until 14:00 UTC, use another one';
  // Longer than it takes until the change is in force.
  gateway.openai?.pace({ chunks: 200, chunkDelayMs: 100 });
  const running = await Promise.all(Array.from({ length: 10 }, () => stream('openai/gpt-4o')));
  gateway.openai?.pace({ chunks: 4, chunkDelayMs: 0 });
  const load = startLoad('openai/gpt-4o');
  await operate('models', 'disable', 'openai/gpt-4o', '--text', text);
  await operate('providers', 'disable', 'anthropic', '--text', text);
  await sleep(inForceMs);
  const sdk = await openai('openai/gpt-4o');
  assert.equal(sdk.status, 503);
  assert.equal((JSON.parse(sdk.text) as { error: { message: string } }).error.message, text);
  const instance = await ask('/v1/completions/openai', { model: 'gpt-4o', messages, max_tokens: 5 }, chat);
  assert.deepEqual([instance.status, instance.text], [503, `${JSON.stringify({ error: text })}\n`]);
  const messagesApi = await ask('/v1/messages', { model: 'claude-3-haiku-20240307', messages, max_tokens: 5 });
  assert.equal(messagesApi.status, 503);
  const { error } = JSON.parse(messagesApi.text) as { error: { type: string; message: string } };
  assert.equal(error.message, text);
  const other = await openai('openai/gpt-4o-mini');
  assert.equal(other.status, 200, other.text);
  for (const one of running) assert.match(await one.text(), /data: \[DONE\]\n\n$/);
  const answers = await load();
  const turned = answers.findIndex(({ status }) => status !== 200);
  assert.ok(turned > 0 && turned < answers.length - 1, `${turned} of ${answers.length}`);
  for (const { status, text: whole } of answers.slice(0, turned)) assert.match(`${status} ${whole}`, /^200 .*"stop"/s);
  // Two callers: the other one's call may have been under way.
  for (const { status, text: whole } of answers.slice(turned + 1)) assert.deepEqual([status, whole], [503, sdk.text]);
  const lines = gateway.lines.filter(({ refusal }) => refusal === 'model-unavailable');
  assert.ok(lines.some(({ severity, detail }) => severity === 'WARNING' && detail === text));
  assert.ok(!lines.some(({ severity }) => severity === 'ERROR'), 'what an operator switched off is nobody’s failure');

  await operate('models', 'enable', 'openai/gpt-4o');
  await operate('providers', 'enable', 'anthropic');
  await sleep(inForceMs);
  assert.equal((await openai('openai/gpt-4o')).status, 200);
  assert.equal((await ask('/v1/completions/anthropic-messages', anthropicBody(), chat)).status, 200);
});

test('a call keeps the catalogue that it began with: its price, though another one holds when it ends', async () => {
  const own = await gateway.subscription({ limit: 100 });
  // Longer than it takes until the change is in force.
  gateway.openai?.pace({ chunks: 140, chunkDelayMs: 100 });
  const before = await stream('openai/gpt-4o-mini', own.token);
  gateway.openai?.pace({ chunks: 140, chunkDelayMs: 0 });
  await operate('prices', 'set', 'openai/gpt-4o-mini', '--price', 'input=1500,output=6000');
  await sleep(inForceMs);
  const after = await stream('openai/gpt-4o-mini', own.token);
  await after.text();
  assert.match(await before.text(), /data: \[DONE\]\n\n$/);
  gateway.openai?.pace({ chunks: 4, chunkDelayMs: 0 });
  const rows = await gateway.events(`identifier = '${own.id}'`);
  assert.equal(rows.length, 2);
  const [cheap = 0, dear = 0] = rows.map(({ cost_nano_usd: cost }) => cost ?? 0).toSorted((a, b) => a - b);
  assert.equal(rows[0]?.tokens, rows[1]?.tokens);
  // Ten thousand times its list price of 0.15 and 0.6.
  assert.ok(cheap > 0 && dear === cheap * 10_000, `${cheap} and ${dear} nano-dollars`);
});

test('what the gateway has below the overlay is known to the commands: its keys are listed as they are', async () => {
  const { homes, notes } = (await look('homes', 'list')) as unknown as {
    homes: { id: string; status: string; why: string | null }[];
    notes: string[];
  };
  assert.deepEqual(notes, []);
  assert.equal(homes.find(({ id }) => id === 'openai-api')?.status, 'open');
  assert.match(homes.find(({ id }) => id === 'mistral-api')?.why ?? '', /apply terraform/);
});
