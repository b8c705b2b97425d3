// What a model costs from a date on, and what was agreed with a provider. Money is text here: a number would already
// be rounded.

import * as v from 'valibot';
import { decimalPattern } from './decimal.ts';
import { dimensionNames } from './dimensions.ts';
import { modelId, moment, name, provenance, providerOfModel, type RowKind } from './row-kind.ts';

/** Dollars at most per million tokens or per use: more is a slip of the pen, such as a price per token. */
const dollarsMax = 100_000;

const dollars = v.pipe(
  v.string('is not text; write dollars as "0.25"'),
  v.regex(decimalPattern, (issue) => `${issue.received} is not an amount such as 0.25`),
  v.check((amount) => Number(amount) <= dollarsMax, `is above ${dollarsMax} dollars`),
);
const factor = v.pipe(
  v.string('is not text; write a factor as "0.5"'),
  v.regex(decimalPattern, (issue) => `${issue.received} is not a factor such as 0.5`),
  v.check((amount) => Number(amount) <= 100, 'is above 100'),
);

const dimension = v.picklist(
  dimensionNames,
  (issue) => `${issue.received} is no dimension; there are ${dimensionNames.join(', ')}`,
);
const amounts = v.record(dimension, dollars);
const clock = v.pipe(
  v.string(),
  v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, (issue) => `${issue.received} is no time such as 16:30`),
);

/**
 * What an answer says of itself that changes its price: `service_tier:priority`, `speed:fast`, `geo:us`, `batch:true`.
 */
export const qualifier = v.pipe(
  v.string(),
  v.regex(/^[a-z_]{1,40}:[\w.-]{1,40}$/, (issue) => `${issue.received} is not a qualifier such as service_tier:flex`),
);

const entries = {
  model: modelId,
  from: moment,
  /** The first moment at which it no longer holds; null: as long as no later row does. */
  until: v.nullable(moment),
  /** Dollars per million tokens, or per use. */
  dimensions: amounts,
  /** What replaces some of them, for the whole call, when its input has more tokens than `above`. Shortest first. */
  tiers: v.pipe(
    v.array(
      v.strictObject({
        above: v.pipe(v.number(), v.integer('is not whole'), v.minValue(0), v.maxValue(1e9)),
        dimensions: amounts,
      }),
    ),
    v.maxLength(10),
    v.check((tiers) => tiers.every(({ above }, at) => above > (tiers[at - 1]?.above ?? -1)), 'do not rise by `above`'),
  ),
  /** What replaces some of them in hours of every day, UTC; a window may go over midnight. */
  hours: v.pipe(v.array(v.strictObject({ from: clock, until: clock, dimensions: amounts })), v.maxLength(10)),
  /** Factors on every price of tokens by qualifier; by dimension where they differ, `*` for the rest. */
  multipliers: v.record(
    qualifier,
    v.union([factor, v.record(v.union([dimension, v.literal('*')]), factor)], 'is no factor'),
  ),
  /** `memory`: nobody looked it up, and what it prices is marked. */
  basis: v.picklist(
    ['table', 'page', 'contract', 'decision', 'memory'],
    'is none of table, page, contract, decision, memory',
  ),
  ...provenance,
};
const schema = v.strictObject(entries);

/** A price, complete. */
export type PriceRow = v.InferOutput<typeof schema>;

export const priceKind: RowKind<PriceRow> = {
  name: 'prices',
  key: ['model', 'from'],
  entries,
  unstated: { until: null, tiers: [], hours: [], multipliers: {}, basis: 'table' },
  providerOf: ({ model }) => providerOfModel(model),
};

const factorEntries = {
  id: name,
  provider: name,
  /** Only calls that this home served; null: of the provider's every home. */
  home: v.nullable(name),
  /** Only this model; null: all. */
  model: v.nullable(modelId),
  /** On the whole list price of a call. */
  factor,
  from: moment,
  until: v.nullable(moment),
  ...provenance,
};
const factorSchema = v.strictObject(factorEntries);

/** A negotiated discount or surcharge. */
export type FactorRow = v.InferOutput<typeof factorSchema>;

export const factorKind: RowKind<FactorRow> = {
  name: 'factors',
  key: ['id'],
  entries: factorEntries,
  unstated: { home: null, model: null, until: null },
  providerOf: ({ provider }) => provider ?? null,
};
