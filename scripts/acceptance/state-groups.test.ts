// A conversation whose thinking only its maker can read goes on when its home dies: at another home of the same
// organisation, whoever else is asked before. OpenAI's own client, as Codex uses it, against the running gateway.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { startOpenAi } from '../local/providers/openai.ts';
import type { LocalProvider } from '../local/providers/provider-server.ts';
import { startGateway, type EventRow, type TestGateway } from '../local/test-gateway.ts';
import { codexTurn, firstInput } from './codex-turn.ts';

const key = 'key-of-the-other-homes';
let gateway: TestGateway;
let stranger: LocalProvider;
let second: LocalProvider;

before(async () => {
  stranger = await startOpenAi({ apiKey: key, maker: 'stranger' });
  second = await startOpenAi({ apiKey: key });
  const home = { provider: 'openai', company: 'openai', kind: 'api-key', secrets: ['OTHER_HOMES_KEY'] };
  gateway = await startGateway({
    functions: ['responses', 'deliver-events'],
    env: {
      OTHER_HOMES_KEY: key,
      CODY_GATEWAY_CATALOGUE: JSON.stringify({
        homes: [
          { ...home, id: 'stranger', baseUrl: stranger.url, state: 'stranger', priority: 1 },
          { ...home, id: 'second', baseUrl: second.url, state: 'openai-api', priority: 2 },
        ],
      }),
    },
  });
});
after(async () => {
  await gateway.stop();
  await Promise.all([stranger.close(), second.close()]);
});

type HomedRow = EventRow & { readonly home: string | null };

async function caller(): Promise<{ client: OpenAI; rows: () => Promise<HomedRow[]> }> {
  const { id, token } = await gateway.subscription({ limit: 100 });
  return {
    client: new OpenAI({ apiKey: token, baseURL: `${gateway.url}/v1`, maxRetries: 0 }),
    rows: async () => (await gateway.events(`identifier = '${id}'`)) as HomedRow[],
  };
}

/** Nobody listens there any more. */
const firstHomeDies = async (): Promise<void> => gateway.openai?.close();

const typesOf = (items: readonly Record<string, unknown>[]): string => items.map(({ type }) => type).join();

test('five turns, of which the third finds its home dead: a stranger can’t read it, the second home can', async () => {
  const { client, rows } = await caller();
  const input = firstInput();
  const said: string[] = [];
  for (let turn = 1; turn <= 5; turn++) {
    const before = input.length;
    const { items } = await codexTurn(client, input);
    said.push(typesOf(items));
    if (turn === 2) await firstHomeDies();
    if (turn < 3) continue;
    const asked = JSON.parse(second.requests.at(-1)?.body ?? '') as { input: unknown[]; store: unknown };
    assert.deepEqual(asked.input, input.slice(0, before), 'whole, with all thinking');
    assert.equal(asked.store, false);
  }
  const call = 'reasoning,function_call';
  assert.deepEqual(said, [call, 'reasoning,message', call, 'reasoning,message', call]);
  const written = await rows();
  assert.deepEqual(
    written.map(({ home, units }) => [home, units]),
    [
      ['openai-api', 1],
      ['openai-api', 1],
      ['second', 1],
      ['second', 1],
      ['second', 1],
    ],
  );
  const [, , moved] = written;
  const attempts = moved?.metadata['attempts'] as { home: string; failure?: string }[];
  assert.deepEqual(
    attempts.map(({ home, failure }) => [home, failure ?? null]),
    [
      ['openai-api', 'unreachable'],
      ['stranger', 'state'],
      ['second', null],
    ],
  );
});

test('to whom a state is foreign is no home that failed: what it can read, it serves, and reads again', async () => {
  await firstHomeDies();
  const { client, rows } = await caller();
  const input = firstInput();
  for (let turn = 1; turn <= 3; turn++) await codexTurn(client, input);
  assert.deepEqual(
    (await rows()).map(({ home }) => home),
    ['stranger', 'stranger', 'stranger'],
  );
  assert.ok(!gateway.lines.some(({ message, home }) => message === 'home-shut' && home === 'stranger'));
});

test('that nobody who is left can read is told in the provider’s own words; without its thinking it goes on', async () => {
  await firstHomeDies();
  const { client, rows } = await caller();
  const sealed = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAAAB-nobody-x' };
  const input = [...firstInput(), sealed, ...firstInput()];
  const [strangers, seconds] = [stranger.requests.length, second.requests.length];
  const error: unknown = await codexTurn(client, input).then(
    () => assert.fail('it was read'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof OpenAI.BadRequestError);
  assert.equal(error.code, 'invalid_encrypted_content');
  assert.match(error.message, /The encrypted content for item rs_1 could not be verified/);
  assert.deepEqual(
    [stranger.requests.length - strangers, second.requests.length - seconds],
    [1, 1],
    'each group is asked once',
  );
  const { items } = await codexTurn(
    client,
    input.filter((item) => item !== sealed),
  );
  assert.equal(typesOf(items), 'reasoning,function_call');
  const [refused, served] = await rows();
  assert.deepEqual([refused?.units, refused?.metadata['upstream_status_code'], served?.units], [0, 400, 1]);
});
