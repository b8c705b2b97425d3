// What a page reads of a table of a million events: how many questions reach the warehouse and how many rows come back,
// as counts; asked again by ten people, nothing more.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createEventsDataset } from '../../../scripts/local/google/bigquery/events-dataset.ts';
import { startBigQuery, type LocalBigQuery } from '../../../scripts/local/google/bigquery/bigquery.ts';
import { createLedger, type Ledger } from '../events/events.ts';
import type { Store } from '../store/store.ts';
import { readCustomer } from './customers/customer-data.ts';
import { readCustomers } from './customers/customers.ts';
import { readFunctions } from './functions/functions.ts';
import { createLookups, type Lookups } from './lookups.ts';
import { failuresQuestion, trafficQuestion } from './models/models-data.ts';
import { readOverview } from './overview/overview-data.ts';
import { readRequest } from './requests/request-data.ts';

const rows = 1_000_000;
const customers = 2_000;
let warehouse: LocalBigQuery;
let ledger: Ledger;

before(async () => {
  warehouse = await createEventsDataset(await startBigQuery(), 'p');
  // All within the last days, which no table of final days has: the dearest case, since each question reads events.
  await warehouse.rows(`
    INSERT INTO events (name, source, identifier, created_at, metadata, event_id, rank, function, feature, model, provider, units, count, tokens, cost_nano_usd, gateway_ms, home, attempts)
    SELECT 'CompletionsFinished', 'dotcom-product-subscriptions', 'customer-' || (i % ${customers}), now() - to_milliseconds(CAST(i * 700 AS BIGINT)),
      '{"resolved_status_code":200,"upstream_status_code":200,"upstream_request_duration_ms":900,"sg_actor_id":"u1"}',
      'id-' || i, 1, 'chat-completions', 'chat_completions', 'm/' || (i % 20), 'm', 1, 1, 100, 1000000, 5, 'h', 1
    FROM range(${rows}) r(i)`);
  ledger = createLedger({
    bigqueryProjectId: 'p',
    bigqueryDataset: 'cody_gateway',
    bigqueryTable: 'events',
    bigqueryEndpoint: warehouse.url,
  });
});
after(() => warehouse.close());

/** What reaches the warehouse. */
function counting(): { lookups: Lookups; told: { questions: number; rows: number; unbounded: number } } {
  const told = { questions: 0, rows: 0, unbounded: 0 };
  const counted: Ledger = {
    dataset: ledger.dataset,
    query: async (sql, params, bounds) => {
      told.questions++;
      if (bounds?.bytesMax === undefined || bounds.timeoutMs === undefined) told.unbounded++;
      const answer = await ledger.query(sql, params);
      told.rows += answer.length;
      return answer;
    },
  };
  return { lookups: createLookups({ ledger: counted, now: () => 0, keptMs: 60_000 }), told };
}

const none = { value: new Map<string, string>(), readAtMs: 0 };
const failed = (error: unknown): void => assert.fail(String(error));
/** A page asks more than the warehouse; of Redis it is told here that it is away. */
const away = new Proxy({}, { get: () => () => Promise.reject(new Error('away')) }) as Store;
const ignored = (): void => undefined;

const pages: Readonly<
  Record<string, { questions: number; rows: number; read: (lookups: Lookups) => Promise<unknown> }>
> = {
  overview: {
    questions: 4,
    rows: 100,
    read: (lookups) => readOverview(lookups, Promise.resolve({ value: [], readAtMs: 0 }), Date.now(), failed),
  },
  customers: {
    questions: 2,
    rows: customers + 1,
    read: (lookups) => readCustomers(lookups, Promise.resolve({ value: [], readAtMs: 0 }), Date.now(), failed),
  },
  customer: {
    questions: 4,
    rows: 700,
    read: (lookups) => {
      const documents = { client: () => Promise.reject(new Error('away')) };
      const sources = { lookups, documents, store: away, now: Date.now, billingTimeZone: 'UTC', failed: ignored };
      return readCustomer({ source: 'dotcom-product-subscriptions', id: 'customer-7' }, sources);
    },
  },
  models: {
    questions: 2,
    rows: 22,
    read: (lookups) => Promise.all([lookups.rows(trafficQuestion), lookups.rows(failuresQuestion)]),
  },
  functions: { questions: 3, rows: 2, read: (lookups) => readFunctions(lookups, Date.now(), failed) },
  request: {
    questions: 2,
    rows: 2,
    read: (lookups) =>
      readRequest(lookups, {
        id: 'id-123456',
        day: null,
        names: Promise.resolve(none),
        prices: Promise.resolve(null),
        project: null,
        nowMs: Date.now(),
        failed,
      }),
  },
};

for (const [name, { questions, rows: most, read }] of Object.entries(pages))
  test(`${name}: ${questions} questions, at most ${most} rows, and no more for ten who look`, async () => {
    const { lookups, told } = counting();
    await read(lookups);
    assert.equal(told.unbounded, 0);
    assert.ok(told.questions <= questions, `${told.questions} questions`);
    assert.ok(told.rows > 0 && told.rows <= most, `${told.rows} rows`);
    const before = { ...told };
    await Promise.all(Array.from({ length: 10 }, () => read(lookups)));
    // An answer that a view does not exist is not cached.
    assert.ok(told.questions - before.questions <= (name === 'functions' ? 1 : 0), `${told.questions} questions`);
  });
