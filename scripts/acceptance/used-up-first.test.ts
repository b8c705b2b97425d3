// A quota and a budget in dollars beside each other: whichever is used up first refuses, on every feature and on both
// kinds of routes. One customer has calls left over and no money, another money and no calls; each is refused in its
// route's own words, and /v1/limits, the console and the rows tell the same of both.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { dollarText } from '@cody-gateway/shared/catalogue';
import { setBudget } from '@cody-gateway/shared/directory';
import { openDocuments, type Documents } from '@cody-gateway/shared/documents';
import { raiseBudget } from '@cody-gateway/shared/limiter';
import { connectStore, type Store } from '@cody-gateway/shared/store';
import { localProject } from '../local/cloud.ts';
import { startGateway, type EventRow, type TestGateway } from '../local/test-gateway.ts';
import { messageIn, sdkFunctions, wholeRoutes } from './sdk-routes.ts';

const fast = 'accounts/fireworks/models/mixtral-8x7b-instruct';
let gateway: TestGateway;
let documents: Documents;
let store: Store;
before(async () => {
  gateway = await startGateway({
    functions: [...sdkFunctions, 'limits', 'console'],
    env: { CODY_GATEWAY_FIREWORKS_ALLOWED_MODELS: fast },
  });
  documents = openDocuments({ firestoreEmulatorHost: gateway.firestore.host, googleCloudProject: localProject });
  store = connectStore({ redisEndpoint: gateway.redis.url }, () => undefined);
});
after(async () => {
  await store.close();
  await documents.close();
  await gateway.stop();
});

const features = ['chat_completions', 'code_completions', 'embeddings'] as const;
type Feature = (typeof features)[number];

/** What is asked, and what says no; SDK routes have an error of their dialect, the others the original's text. */
interface Asked {
  readonly name: string;
  readonly path: string;
  readonly feature: Feature;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** The words of a refusal in the dialect of the route; null: an instance's route. */
  readonly said: ((text: string) => string) | null;
}

const messages = [{ role: 'user', content: 'Hello there' }];
const instances: readonly (readonly [path: string, feature: Feature, body: Readonly<Record<string, unknown>>])[] = [
  ['anthropic', 'chat_completions', { model: 'claude-2', prompt: 'Hello there', max_tokens_to_sample: 100 }],
  ['anthropic-messages', 'chat_completions', { model: 'claude-3-haiku-20240307', max_tokens: 100, messages }],
  ['anthropic-messages', 'code_completions', { model: 'claude-3-haiku-20240307', max_tokens: 100, messages }],
  ['openai', 'chat_completions', { model: 'gpt-4o', max_tokens: 100, messages }],
  ['openai', 'code_completions', { model: 'gpt-3.5-turbo-instruct', prompt: 'fn ', max_tokens: 100 }],
  ['fireworks', 'chat_completions', { model: fast, max_tokens: 100, messages }],
  ['fireworks', 'code_completions', { model: fast, max_tokens: 100, prompt: 'fn ' }],
  [
    'google',
    'chat_completions',
    { model: 'gemini-2.5-flash', contents: [{ role: 'user', parts: [{ text: 'Hello there' }] }] },
  ],
];
const routes: readonly Asked[] = [
  ...wholeRoutes.map((route): Asked => {
    const { name, path, feature, headers, ask } = route;
    const said = feature === 'embeddings' ? null : (text: string) => messageIn(route, text);
    return { name, path, feature, headers: feature === 'embeddings' ? {} : headers, body: `${ask}}`, said };
  }),
  ...instances.map(([path, feature, body]): Asked => ({
    name: `instances’ ${path}, ${feature}`,
    path: `/v1/completions/${path}`,
    feature,
    headers: { 'x-sourcegraph-feature': feature },
    body,
    said: null,
  })),
];

const author = { who: 'a test', why: 'a test' } as unknown as Parameters<typeof setBudget>[5];
// Nine digits behind the point: to the nano-dollar.
const usd = (nano: number): string => `${Math.floor(nano / 1e9)}.${String(nano % 1e9).padStart(9, '0')}`;

async function customer(feature: Feature, limit: number, budgetNanoUsd: number) {
  const limits = { [feature]: { limit, intervalSeconds: 86_400, allowedModels: ['*'] } };
  const one = await gateway.subscription(null, { limits });
  const stated = { limitUsd: usd(budgetNanoUsd), window: 'month' } as const;
  await setBudget(documents, null, one.id, 'subscription', stated, author);
  const call = ({ path, headers, body }: Asked) => gateway.call(path, { token: one.token, headers, body });
  return { ...one, call };
}

type Row = EventRow & { readonly budget_nano_usd: number | string | null; readonly budget_window: string | null };
const rowsOf = async (id: string): Promise<readonly Row[]> =>
  (await gateway.events(`identifier = '${id}'`)) as unknown as readonly Row[];

/** The first line of a table of the customer's page, by its headings. */
async function shown(id: string, table: 'limits' | 'budgets', first: string): Promise<Record<string, string>> {
  const page = `${gateway.functions.get('console')?.url}/console/customers/${id}?format=csv&table=${table}`;
  const [headings = [], ...lines] = (await (await fetch(page)).text())
    .replace('\u{feff}', '')
    .trim()
    .split('\r\n')
    .map(cellsOf);
  const line = lines.find(([name = '']) => name.startsWith(first)) ?? assert.fail(`${first}: ${lines.join(' | ')}`);
  return Object.fromEntries(headings.map((heading, i) => [heading, line[i] ?? '']));
}

/** No cell of these tables has a quotation mark in it. */
const cellsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^",]*))/g)].map(([, quoted, bare = '']) => quoted ?? bare);

const featureText = { chat_completions: 'chat', code_completions: 'code completions', embeddings: 'embeddings' };

/** /v1/limits, the console and the rows of somebody, held against each other. */
async function told(id: string, token: string, { feature }: Asked, limit: number, budgetNanoUsd: number) {
  const rows = await rowsOf(id);
  const units = rows.reduce((sum, row) => sum + row.quota_units, 0);
  const plain = await gateway.call('/v1/limits', { token });
  const { [feature]: quota } = JSON.parse(plain.text) as Record<string, { limit: number; usage: number }>;
  assert.deepEqual([quota?.limit, quota?.usage], [limit, units], plain.text);
  const asked = await gateway.call('/v1/limits?include=budgets', { token });
  const { budgets, ...rest } = JSON.parse(asked.text) as { budgets: Record<string, unknown>[] };
  assert.deepEqual(rest, JSON.parse(plain.text));
  const spent = rows.reduce((sum, row) => sum + Number(row.budget_nano_usd ?? 0), 0);
  const [budget, ...others] = budgets;
  assert.deepEqual(others, []);
  const left = dollarText(Math.max(0, budgetNanoUsd - spent));
  assert.deepEqual(
    [budget?.['limitUsd'], budget?.['usedUsd'], budget?.['heldUsd'], budget?.['leftUsd'], budget?.['hard']],
    [dollarText(budgetNanoUsd), dollarText(spent), '0', left, true],
  );
  const limits = await shown(id, 'limits', featureText[feature]);
  assert.deepEqual([Number(limits['Used']), Number(limits['Limit'])], [units, limit]);
  const dollars = await shown(id, 'budgets', 'all features');
  assert.deepEqual(
    ['Spent, USD', 'Held by calls, USD', 'Limit, USD', 'When it is used up'].map((heading) => dollars[heading]),
    [usd(spent), usd(0), usd(budgetNanoUsd), 'calls are refused'],
  );
  return { rows, units, spent };
}

for (const route of routes)
  test(`${route.name}: whichever is used up first refuses, and says which`, async () => {
    const { feature, said } = route;
    const refusedBy = async (who: Awaited<ReturnType<typeof customer>>, limit: number, words: RegExp) => {
      const { status, headers, text } = await who.call(route);
      assert.equal(status, 429, text);
      if (said === null) {
        assert.match(
          text,
          new RegExp(`^you have exceeded the rate limit of ${limit} requests\\. Retry after .* UTC\n?$`),
        );
        assert.equal(headers.get('x-ratelimit-limit'), String(limit));
        assert.equal(headers.get('x-ratelimit-remaining'), '0');
        assert.ok(Date.parse(headers.get('retry-after') ?? '') > 0);
        assert.equal(headers.get('x-should-retry'), null);
      } else assert.match(said(text), words);
    };
    // What it may cost and does cost.
    const probe = await customer(feature, 1_000_000, 1);
    assert.equal((await probe.call(route)).status, 429);
    const [refused = assert.fail()] = await rowsOf(probe.id);
    const { cost_nano_usd: worst } = refused.metadata['budget'] as { cost_nano_usd: number };
    assert.ok(worst > 1);

    // Three calls: the quota ends first.
    const money = 1_000_000_000_000;
    const units = 3 * (await unitsOf(route));
    const calls = await customer(feature, units, money);
    for (let i = 0; i < 3; i++) assert.equal((await calls.call(route)).status, 200, `call ${i}`);
    await refusedBy(calls, units, /rate limit|quota/i);
    const first = await told(calls.id, calls.token, route, units, money);
    assert.equal(first.rows.at(-1)?.metadata['cause'], 'quota');
    assert.ok(first.spent > 0 && first.spent < money / 1_000);
    const cost = first.spent / 3;

    // Room for what four calls cost, as long as a fifth may cost its bound: the budget ends first.
    const limit = worst + 3 * cost;
    const dollars = await customer(feature, 1_000_000, limit);
    for (let i = 0; i < 4; i++) assert.equal((await dollars.call(route)).status, 200, `call ${i}`);
    await refusedBy(dollars, 1_000_000, /^this call may cost \$\S+, and \$\S+ is left of the budget of/);
    const second = await told(dollars.id, dollars.token, route, 1_000_000, limit);
    assert.deepEqual([second.spent, second.units], [4 * cost, (4 * units) / 3]);
    // As if calls had spent the rest.
    const counter = { actor: `dotcom-product-subscriptions:${dollars.id}`, scope: 'subscription', endMs: null };
    const [{ budget_window: window } = { budget_window: null }] = second.rows;
    assert.ok(window !== null);
    await raiseBudget(store, { ...counter, window }, limit, { leftMs: 9_000 });
    await refusedBy(dollars, 1_000_000, /^the budget of \$\S+ \(\d{4}-\d\d\) is used up, it starts anew at /);
    const causes = (await rowsOf(dollars.id)).flatMap(({ name: event, metadata }) =>
      event === 'RateLimited' ? [(metadata['budget'] as { refusal: string }).refusal] : [],
    );
    assert.deepEqual(causes.toSorted(), ['budget-too-dear', 'budget-used-up']);
  });

/** Of one call: embeddings count tokens. */
async function unitsOf(route: Asked): Promise<number> {
  if (route.feature !== 'embeddings') return 1;
  const one = await customer(route.feature, 1_000_000, 1_000_000_000_000);
  assert.equal((await one.call(route)).status, 200);
  const [row] = await rowsOf(one.id);
  return row?.quota_units ?? assert.fail();
}
