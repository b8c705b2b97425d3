// What every home of a dialect must hold, against stand-ins of Anthropic, OpenAI, Gemini, Vertex AI and Azure OpenAI
// that let in who knows their own credentials and model names: the caller gets the bytes of the first home wherever
// the call is served, and each failure as each home tells it is known for what it is and moves on.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startMetadataServer, type LocalMetadataServer } from '../../../../scripts/local/google/metadata-server.ts';
import { startAnthropic } from '../../../../scripts/local/providers/anthropic.ts';
import { startAzureOpenAi } from '../../../../scripts/local/providers/azure-openai.ts';
import { failures, withRetryAfter } from '../../../../scripts/local/providers/failures.ts';
import { startGoogle } from '../../../../scripts/local/providers/google.ts';
import { startOpenAi } from '../../../../scripts/local/providers/openai.ts';
import type { Behaviour, LocalProvider } from '../../../../scripts/local/providers/provider-server.ts';
import { startVertex } from '../../../../scripts/local/providers/vertex.ts';
import { accessTokens, type AccessTokens } from '../../http/http.ts';
import type { AttemptFailureKind } from '../call.ts';
import type { SurfaceName } from '../reading.test/reader.ts';
import { instanceOf, type Asked, type Instance, type Outcome } from './homes.test/fleet.ts';

const key = 'key of the account';
const standIns = [
  'anthropic-api',
  'claude-vertex',
  'gemini-api',
  'gemini-vertex',
  'openai-api',
  'azure-openai',
] as const;
type HomeId = (typeof standIns)[number];

let metadata: LocalMetadataServer;
let tokens: AccessTokens;
let providers: Readonly<Record<HomeId, LocalProvider>>;

before(async () => {
  metadata = await startMetadataServer();
  Object.assign(process.env, metadata.env);
  tokens = accessTokens('local');
  const { isToken } = metadata;
  const deployments = { 'our deployment': 'gpt-4o', embeddings: 'text-embedding-3-small' };
  const [anthropic, claude, gemini, vertex, openai, azure] = await Promise.all([
    startAnthropic({ apiKey: key }),
    startVertex({ isToken }),
    startGoogle({ apiKey: key }),
    startVertex({ isToken }),
    startOpenAi({ apiKey: key }),
    startAzureOpenAi({ apiKey: key, deployments, annotates: false }),
  ]);
  providers = {
    'anthropic-api': anthropic,
    'claude-vertex': claude,
    'gemini-api': gemini,
    'gemini-vertex': vertex,
    'openai-api': openai,
    'azure-openai': azure,
  };
});
after(() => Promise.all([metadata.close(), ...Object.values(providers).map((provider) => provider.close())]));

/** An instance with the homes of a release, of which these are asked in this order and no others. */
function instanceWith(order: readonly HomeId[]): Instance {
  const homes = standIns.map((id) => ({
    id,
    baseUrl: providers[id].url + (id.endsWith('vertex') ? '/v1/projects/our-project/locations/global' : ''),
    priority: Math.max(0, order.indexOf(id)),
    ...(id === 'azure-openai' && { spellings: { 'openai/gpt-4o': 'our deployment' } }),
    ...(!order.includes(id) && { draining: 'not in this test' }),
  }));
  return instanceOf([], {
    googleTokens: tokens,
    env: {
      CODY_GATEWAY_CATALOGUE: JSON.stringify({ homes }),
      AZURE_OPENAI_API_KEY: key,
      ...Object.fromEntries(
        ['ANTHROPIC', 'OPENAI', 'GOOGLE'].map((name) => [`CODY_GATEWAY_${name}_ACCESS_TOKEN`, key]),
      ),
    },
  });
}

const companies = ['anthropic', 'openai', 'google', 'microsoft'];
const places = { companies, regions: null, retention: null };

interface Contract {
  readonly surface: SurfaceName;
  readonly model: string;
  readonly body?: Record<string, unknown>;
  readonly homes: readonly [HomeId, HomeId];
}
const contracts: readonly Contract[] = [
  { surface: 'anthropic-messages', model: 'claude-haiku-4-5-20251001', homes: ['anthropic-api', 'claude-vertex'] },
  {
    surface: 'google',
    model: 'gemini-2.5-flash',
    body: { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }], max_tokens: undefined },
    homes: ['gemini-api', 'gemini-vertex'],
  },
  { surface: 'openai-chat', model: 'gpt-4o', homes: ['openai-api', 'azure-openai'] },
  {
    surface: 'openai-responses',
    model: 'gpt-4o',
    body: { input: 'Hi', messages: undefined, max_tokens: undefined },
    homes: ['openai-api', 'azure-openai'],
  },
];

/** What a home says, and whose fault that is. Of a stream alone where it is told in events. */
type Failures = readonly (readonly [Behaviour, AttemptFailureKind])[];
const claude: Failures = [
  [failures.anthropic.overloaded, 'overload'],
  [failures.anthropic.overloadedIn200, 'overload'],
  [failures.anthropic.rateLimited, 'overload'],
  [failures.anthropic.foreignState, 'state'],
];
const gemini: Failures = [
  [failures.google.overloaded, 'overload'],
  [failures.google.noCredit, 'money'],
  [failures.google.foreignState, 'state'],
];
const vertex: Failures = [
  [failures.vertex.noQuota, 'overload'],
  [failures.vertex.badToken, 'key'],
  [failures.vertex.noBilling, 'money'],
  [failures.vertex.noRole, 'access'],
  [failures.vertex.noModel, 'access'],
  [failures.vertex.notEnabled, 'access'],
  [failures.vertex.unavailable, 'overload'],
];
const failuresOf: Readonly<Record<HomeId, Failures>> = {
  'anthropic-api': [
    ...claude,
    [failures.anthropic.noCredit, 'money'],
    [failures.anthropic.badKey, 'key'],
    [failures.anthropic.noModel, 'access'],
  ],
  'claude-vertex': [...claude, ...vertex],
  'gemini-api': [...gemini, [failures.google.badKey, 'key']],
  'gemini-vertex': [...gemini, ...vertex],
  'openai-api': [
    [failures.openai.serverError, 'failed'],
    [failures.openai.serverErrorIn200, 'failed'],
    [failures.openai.rateLimited, 'overload'],
    [failures.openai.noQuota, 'money'],
    [failures.openai.badKey, 'key'],
    [failures.openai.noModel, 'access'],
    [failures.openai.foreignState, 'state'],
  ],
  'azure-openai': [
    [failures.azure.serverError, 'failed'],
    [failures.openai.serverErrorIn200, 'failed'],
    [failures.azure.rateLimited, 'overload'],
    [failures.azure.badKey, 'key'],
    [failures.azure.noDeployment, 'access'],
    [failures.azure.foreignState, 'state'],
  ],
};

for (const { surface, model, body = {}, homes } of contracts)
  describe(surface, () => {
    const asked = (stream: boolean): Asked => ({ surface, model, body, stream, caller: { places } });
    const askAt = async (home: HomeId, stream: boolean): Promise<Outcome> => {
      const outcome = await instanceWith([home]).ask(asked(stream));
      assert.deepEqual([outcome.status, outcome.home], [200, home], outcome.text);
      return outcome;
    };

    for (const stream of [false, true])
      test(`${stream ? 'a stream' : 'an answer'} has the same bytes and the same usage at ${homes.join(' and ')}`, async () => {
        const [one, other] = [await askAt(homes[0], stream), await askAt(homes[1], stream)];
        assert.ok(one.text.length > 0);
        assert.equal(one.text, other.text);
        assert.deepEqual(one.answer?.meter.usage(), other.answer?.meter.usage());
        assert.deepEqual(one.answer?.meter.report(), other.answer?.meter.report());
      });

    for (const [from, to] of [homes, homes.toReversed()] as [HomeId, HomeId][])
      for (const [behaviour, kind] of failuresOf[from])
        for (const stream of 'status' in behaviour ? [false, true] : [true])
          test(`${from} fails ${stream ? 'a stream' : 'an answer'} (${kind}: ${saidOf(behaviour)}): ${to} has it`, async () => {
            const whole = await askAt(to, stream);
            providers[from].next(behaviour);
            const { status, text, home, attempts } = await instanceWith([from, to]).ask(asked(stream));
            assert.deepEqual([status, home, text], [200, to, whole.text]);
            assert.deepEqual(
              attempts.map((one) => [one.home, one.failure]),
              [
                [from, kind],
                [to, null],
              ],
            );
          });

    for (const home of homes)
      test(`${home} alone: a wait that it asks for, in seconds or as a date, is told`, async () => {
        const [overloaded] = failuresOf[home].find(([, kind]) => kind === 'overload') ?? assert.fail();
        for (const wait of ['17', 'Sat, 28 Nov 2099 00:00:00 GMT']) {
          providers[home].next(withRetryAfter(overloaded, wait));
          const { answer, attempts } = await instanceWith([home]).ask(asked(false));
          assert.deepEqual([answer?.retryAfter, attempts.length], [wait, 1]);
        }
      });
  });

function saidOf(behaviour: Behaviour): string {
  const text =
    'status' in behaviour ? String(behaviour.body) : 'bytes' in behaviour ? behaviour.bytes.toString('utf8') : '';
  return /"message":"([^"]{1,40})/.exec(text)?.[1] ?? '';
}

test('an account that Google refuses is asked again after a while, as a key is, and not with each call', async () => {
  const instance = instanceWith(['claude-vertex', 'anthropic-api']);
  const asked: Asked = { model: 'claude-haiku-4-5-20251001', caller: { places } };
  providers['claude-vertex'].next(failures.vertex.badToken, 9);
  const before = providers['claude-vertex'].requests.length;
  for (let i = 0; i < 5; i++) assert.equal((await instance.ask(asked)).home, 'anthropic-api');
  providers['claude-vertex'].forget();
  assert.equal(providers['claude-vertex'].requests.length - before, 1);
});

test('what filters at Azure found in a prompt is relayed, and is no word of the answer', async () => {
  const annotated = await startAzureOpenAi({ apiKey: key, deployments: { 'our deployment': 'gpt-4o' } });
  const plain = providers['azure-openai'];
  try {
    const asked: Asked = { surface: 'openai-chat', model: 'gpt-4o', stream: true, caller: { places } };
    const without = await instanceWith(['azure-openai']).ask(asked);
    providers = { ...providers, 'azure-openai': annotated };
    const { text, answer } = await instanceWith(['azure-openai']).ask(asked);
    assert.match(text, /^data: \{"choices":\[\],.*prompt_filter_results/);
    assert.equal(text.slice(text.indexOf('\n\n') + 2), without.text);
    assert.deepEqual(answer?.meter.usage(), without.answer?.meter.usage());
  } finally {
    providers = { ...providers, 'azure-openai': plain };
    await annotated.close();
  }
});
