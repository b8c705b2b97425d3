// Which page stands at which path, and what it is asked with. What is on it: shared/src/console.

import {
  customerPage,
  customersPage,
  functionsPage,
  isRequestId,
  modelsPage,
  overviewPage,
  readCustomer,
  readCustomers,
  readFunctions,
  readKnownCatalogue,
  readModels,
  readNames,
  readOverview,
  readRequest,
  readSubscriptions,
  requestPage,
  subscriptions,
  told,
  type Lookups,
  type Told,
} from '@cody-gateway/shared/console';
import type { SubscriptionEntry } from '@cody-gateway/shared/directory';
import type { Exchange } from '@cody-gateway/shared/serve';
import type { Outcome } from './answer-page.ts';

/** What a page is made with. */
export interface Asking {
  readonly exchange: Exchange;
  readonly lookups: Lookups;
  /** What stands behind the question mark. */
  readonly asked: URLSearchParams;
}

const searchCharactersMax = 200;
/** Where actors come from, as events have it. */
const sources: ReadonlySet<string> = new Set([subscriptions, 'dotcom-user', 'anonymous']);
/** No slash: it is a part of a document's path. */
const idOf = /^[\w.:@-]{1,128}$/;

/** All of them. */
export const pages: Readonly<Record<string, (asking: Asking) => Promise<Outcome>>> = {
  '/console': async (asking) =>
    overviewPage(await readOverview(asking.lookups, entriesFor(asking), Date.now(), failedOf(asking))),
  '/console/customers': async (asking) => {
    const { lookups, asked } = asking;
    const failed = failedOf(asking);
    const data = await readCustomers(lookups, entriesFor(asking), Date.now(), failed);
    const page = Number(asked.get('page') ?? '1');
    const number = asked.get('format') === 'csv' ? 'all' : Number.isInteger(page) ? page : 1;
    return customersPage(data, (asked.get('q') ?? '').slice(0, searchCharactersMax).trim(), number);
  },
  '/console/customers/{id}': async (asking) => {
    const { lookups, asked, exchange } = asking;
    const { documents, store } = exchange.context;
    const source = asked.get('source') ?? subscriptions;
    const id = exchange.named['id'] ?? '';
    if (!sources.has(source) || !idOf.test(id)) return { missing: 'There is no such customer.' };
    const data = await readCustomer(
      { source, id },
      {
        lookups,
        documents,
        store,
        now: Date.now,
        billingTimeZone: exchange.context.config.billingTimeZone,
        failed: failedOf(asking),
      },
    );
    return customerPage(data, Date.now());
  },
  '/console/models': async (asking) => {
    const { documents, store } = asking.exchange.context;
    const sources = { lookups: asking.lookups, documents, store, now: Date.now, failed: failedOf(asking) };
    return modelsPage(await readModels(sources), Date.now());
  },
  '/console/functions': async (asking) =>
    functionsPage(await readFunctions(asking.lookups, Date.now(), failedOf(asking))),
  '/console/requests': async (asking) => {
    const { lookups, asked, exchange } = asking;
    const { config, documents, store } = exchange.context;
    const [id, day] = [(asked.get('id') ?? '').trim(), asked.get('day')];
    if (id !== '' && !isRequestId(id)) return { missing: 'That is no id of an event, a trace or a request.' };
    if (day !== null && (Number.isNaN(Date.parse(day)) || !/^20\d{2}-\d{2}-\d{2}$/.test(day)))
      return { missing: 'A day looks like 2026-11-28.' };
    const failed = failedOf(asking);
    const known = told(readKnownCatalogue(lookups, documents, store), failed);
    const data = await readRequest(lookups, {
      id: id === '' ? null : id,
      day,
      names: namesFor(asking),
      prices: known.then((one) => ('fault' in one ? null : one.value.prices)),
      // Off Google Cloud there is no page of a trace to link to.
      project: config.revision === null ? null : (config.otelProject ?? config.googleCloudProject),
      nowMs: Date.now(),
      failed,
    });
    return requestPage(data);
  },
};

/** What a source did not tell is this page's gap, and the log's line. */
function failedOf({ exchange: { scope } }: Asking): (error: unknown) => void {
  return (error) =>
    scope.log(
      'WARNING',
      'a part of a page of the console could not be read and says so there; the error names the source',
      {},
      error,
    );
}

/** Subscriptions as the directory has them. */
function entriesFor(asking: Asking): Promise<Told<readonly SubscriptionEntry[]>> {
  return told(readSubscriptions(asking.lookups, asking.exchange.context.documents), failedOf(asking));
}

/** Names of subscriptions by id. */
function namesFor(asking: Asking): Promise<Told<ReadonlyMap<string, string>>> {
  return told(readNames(asking.lookups, asking.exchange.context.documents), failedOf(asking));
}
