// What the page of models and homes is made of: one state of the catalogue, what is shut in Redis, and how calls of the
// last day went.

import {
  Catalogue,
  defaultPrices,
  defaultsLayer,
  readOverlayCatalogue,
  readReviewed,
  secretsOf,
  type PriceBook,
} from '../../catalogue/catalogue.ts';
import { operatorTimeoutMs, type DocumentReader } from '../../documents/documents.ts';
import type { Store } from '../../store/store.ts';
import { readShut, type ShutNow } from '../../upstream/upstream.ts';
import { timeOf } from '../customers/customer-data.ts';
import type { Answer, Lookups, Question, Row } from '../lookups.ts';
import { numberOf, textOf } from '../sums.ts';
import { told, type Told } from '../told.ts';

/** How calls of a model went at a home. */
export interface Traffic {
  readonly model: string;
  readonly home: string | null;
  readonly calls: number;
  /** Calls that were answered with less than 400. */
  readonly served: number;
  readonly attempts: number;
  /** Milliseconds: what callers waited for us, and for the provider to the end of its answer. */
  readonly gatewayP50: number | null;
  readonly gatewayP95: number | null;
  readonly providerP50: number | null;
  readonly providerP95: number | null;
  readonly costNano: number;
}

/** Attempts at a home that failed in the same way. */
export interface Failed {
  readonly home: string;
  /** A word of ours, such as `overloaded`. */
  readonly failure: string;
  readonly attempts: number;
  readonly models: number;
  /** Unix ms. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
}

/** Everything that the page shows. */
export interface ModelsData {
  readonly known: Told<KnownCatalogue>;
  readonly shut: Told<readonly ShutNow[]>;
  readonly traffic: Told<readonly Traffic[]>;
  readonly failures: Told<readonly Failed[]>;
}

/** The catalogue as the functions that call providers have it. */
export interface KnownCatalogue {
  readonly catalogue: Catalogue;
  readonly prices: PriceBook;
  /** Whether it is known which keys of homes are mounted; if not, all are taken to be. */
  readonly keysKnown: boolean;
  readonly faults: number;
}

/** For the list of the project's SQL as well. */
export const trafficQuestion: Question = {
  sql: `SELECT model, home, COUNT(*) AS calls, COUNTIF(IFNULL(resolved, 200) BETWEEN 0 AND 399) AS served, SUM(IFNULL(attempts, 1)) AS attempts,
  APPROX_QUANTILES(gateway_ms, 100)[OFFSET(50)] AS gateway_p50,
  APPROX_QUANTILES(gateway_ms, 100)[OFFSET(95)] AS gateway_p95,
  APPROX_QUANTILES(provider_ms, 100)[OFFSET(50)] AS provider_p50,
  APPROX_QUANTILES(provider_ms, 100)[OFFSET(95)] AS provider_p95,
  SUM(IFNULL(cost_nano_usd, 0)) AS cost_nano_usd
FROM (
  SELECT model, home, attempts, gateway_ms, cost_nano_usd,
    CAST(JSON_VALUE(metadata, '$.upstream_request_duration_ms') AS INT64) AS provider_ms,
    CAST(JSON_VALUE(metadata, '$.resolved_status_code') AS INT64) AS resolved
  FROM \`$dataset.events_between\`(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR), CURRENT_TIMESTAMP())
  WHERE model IS NOT NULL AND (name = 'CompletionsFinished' OR name = 'EmbeddingsFinished')
)
GROUP BY model, home
ORDER BY calls DESC, model, home`,
  rowsMax: 1_000,
  bytesMax: 50 * 1024 ** 3,
};

/** The same, of what failed: a call makes three attempts at the most, and its row tells of those that failed. */
export const failuresQuestion: Question = {
  sql: `SELECT home, failure, COUNT(*) AS attempts, COUNT(DISTINCT model) AS models, CAST(MIN(created_at) AS STRING) AS first_at, CAST(MAX(created_at) AS STRING) AS last_at
FROM (
  SELECT model, created_at,
    CASE n WHEN 0 THEN JSON_VALUE(metadata, '$.attempts[0].home') WHEN 1 THEN JSON_VALUE(metadata, '$.attempts[1].home') ELSE JSON_VALUE(metadata, '$.attempts[2].home') END AS home,
    CASE n WHEN 0 THEN JSON_VALUE(metadata, '$.attempts[0].failure') WHEN 1 THEN JSON_VALUE(metadata, '$.attempts[1].failure') ELSE JSON_VALUE(metadata, '$.attempts[2].failure') END AS failure
  FROM \`$dataset.events_between\`(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR), CURRENT_TIMESTAMP())
  CROSS JOIN (SELECT 0 AS n UNION ALL SELECT 1 AS n UNION ALL SELECT 2 AS n)
  WHERE JSON_VALUE(metadata, '$.attempts[0].home') IS NOT NULL
)
WHERE home IS NOT NULL AND failure IS NOT NULL
GROUP BY home, failure
ORDER BY last_at DESC, home, failure`,
  rowsMax: 200,
  bytesMax: 50 * 1024 ** 3,
};

/** A person waits, not a call. */
const redisBudgetMs = 5_000;

/** What it reads from besides the warehouse. */
export interface ModelsSources {
  readonly lookups: Lookups;
  readonly documents: DocumentReader;
  readonly store: Store;
  readonly now: () => number;
  readonly failed: (error: unknown) => void;
}

/** Rows, their prices, and what is made of them. */
const catalogueWeight = 4_000_000;

/** Asks for all of it at once. */
export async function readModels({ lookups, documents, store, now, failed }: ModelsSources): Promise<ModelsData> {
  const shutNow = async (): Promise<{ value: readonly ShutNow[]; readAtMs: number }> => {
    const value = await readShut(store, { leftMs: redisBudgetMs });
    return { value, readAtMs: now() };
  };
  const [known, shut, traffic, failures] = await Promise.all([
    told(readKnownCatalogue(lookups, documents, store), failed),
    told(shutNow(), failed),
    told(
      lookups.rows(trafficQuestion).then(({ value, readAtMs }) => ({ value: value.map(trafficRow), readAtMs })),
      failed,
    ),
    told(
      lookups.rows(failuresQuestion).then(({ value, readAtMs }) => ({ value: value.map(failedRow), readAtMs })),
      failed,
    ),
  ]);
  return { known, shut, traffic, failures };
}

/** As it is kept for a while. @throws LookupFailed */
export function readKnownCatalogue(
  lookups: Lookups,
  documents: DocumentReader,
  store: Store,
): Promise<Answer<KnownCatalogue>> {
  return lookups.other('Firestore catalogue', () => readKnown(documents, store), catalogueWeight);
}

/**
 * This function has neither Terraform's rows nor keys of providers: those that have tell of them in Redis, by name.
 */
async function readKnown(documents: DocumentReader, store: Store): Promise<KnownCatalogue> {
  const state = await readReviewed(store, { leftMs: redisBudgetMs }).catch(() => null);
  const reviewed = [defaultsLayer(), ...(state?.environment ?? [])];
  const named = (): readonly string[] =>
    new Catalogue({ reviewed, mounted: () => true, defaultPrices }).homes.flatMap(({ row }) => secretsOf(row));
  const mounted = new Set(state?.mounted ?? named());
  const parts = { reviewed, mounted: (secret: string) => mounted.has(secret), defaultPrices };
  const { catalogue, faults } = await readOverlayCatalogue(documents, parts, operatorTimeoutMs);
  const prices = await catalogue.prices();
  return { catalogue, prices, keysKnown: state !== null, faults: faults.length + prices.faults.length };
}

/** Metadata is anybody's object: of its texts only single words are shown. */
const wordOf = (value: unknown): string => /^[\w.:@/-]{1,100}$/.exec(textOf(value) ?? '')?.[0] ?? 'unknown';

const failedRow = (row: Row): Failed => ({
  home: wordOf(row['home']),
  failure: wordOf(row['failure']),
  attempts: numberOf(row['attempts']) ?? 0,
  models: numberOf(row['models']) ?? 0,
  firstMs: timeOf(textOf(row['first_at'])),
  lastMs: timeOf(textOf(row['last_at'])),
});

const trafficRow = (row: Row): Traffic => ({
  model: textOf(row['model']) ?? '',
  home: textOf(row['home']),
  calls: numberOf(row['calls']) ?? 0,
  served: numberOf(row['served']) ?? 0,
  attempts: numberOf(row['attempts']) ?? 0,
  gatewayP50: numberOf(row['gateway_p50']),
  gatewayP95: numberOf(row['gateway_p95']),
  providerP50: numberOf(row['provider_p50']),
  providerP95: numberOf(row['provider_p95']),
  costNano: numberOf(row['cost_nano_usd']) ?? 0,
});
