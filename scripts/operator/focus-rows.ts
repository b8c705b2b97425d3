// Rows of the ledger as FOCUS has charges. Which columns there are, and what the specification asks of each, is
// focus.json; what is a correction is said by billing-month.ts and export-sql.ts.

import { readFileSync } from 'node:fs';
import { csvField, exactDollars, subscriptions } from '@cody-gateway/shared/console';
import * as v from 'valibot';
import { dayBounds, timeText, type BillingMonth } from './billing-month.ts';
import { textOf, wholeOf, type Customers, type Row } from './ledger-row.ts';

const columnSchema = v.object({
  name: v.string(),
  level: v.picklist(['mandatory', 'conditional', 'recommended', 'custom']),
  type: v.picklist(['decimal', 'string', 'datetime', 'object']),
  nullable: v.boolean(),
  values: v.optional(v.array(v.string())),
  notNullUnless: v.optional(v.record(v.string(), v.string())),
  with: v.optional(v.string()),
});

/** The version of the specification and its columns. */
export const focus = v.parse(
  v.object({
    version: v.string(),
    source: v.string(),
    asOf: v.string(),
    validator: v.object({
      package: v.string(),
      version: v.string(),
      with: v.array(v.string()),
      python: v.tuple([v.number(), v.number()]),
      known: v.array(v.object({ rule: v.string(), why: v.string() })),
      applicable: v.array(v.string()),
    }),
    columns: v.array(columnSchema),
  }),
  JSON.parse(readFileSync(new URL('./focus.json', import.meta.url), 'utf8')),
);

/** One charge by name of its column; numbers are written already. Null is empty. */
export type Charge = Readonly<Record<string, string | null>>;

/** What all charges of a file share. */
export interface ChargeContext {
  readonly month: BillingMonth;
  /** Google Cloud project of the gateway. */
  readonly project: string;
  readonly customers: Customers;
}

/** The usage of a day, customer, model, feature and function. */
export function usageCharge(row: Row, context: ChargeContext): Charge {
  // With a point: readers that guess take a column of whole numbers for no decimal.
  const tokens = `${wholeOf(row, 'tokens')}.0`;
  const requests = wholeOf(row, 'events');
  return {
    ...chargeOf(row, context, wholeOf(row, 'cost_nano_usd')),
    ChargeClass: null,
    ChargeDescription: `${modelOf(row)}: requests ${requests}, tokens ${wholeOf(row, 'tokens')}`,
    ConsumedQuantity: tokens,
    ConsumedUnit: 'Tokens',
    PricingQuantity: tokens,
    PricingUnit: 'Tokens',
    x_AbandonedCost: exactDollars(wholeOf(row, 'abandoned_nano_usd')),
    x_EstimatedCost: exactDollars(wholeOf(row, 'estimated_nano_usd')),
    x_Final: String(row['final'] === true),
    x_PartlyUnpricedRequests: String(wholeOf(row, 'partly_unpriced')),
    x_Requests: String(requests),
    x_UnconfirmedCost: exactDollars(wholeOf(row, 'unconfirmed_nano_usd')),
    x_Units: String(wholeOf(row, 'units')),
    x_UnpricedRequests: String(wholeOf(row, 'unpriced')),
  };
}

/** What re-pricing added to a day of a month that was closed: no usage, a difference of money alone. */
export function correctionCharge(row: Row, context: ChargeContext): Charge {
  const calls = wholeOf(row, 'calls');
  return {
    ...chargeOf(row, context, wholeOf(row, 'delta_nano_usd')),
    ChargeClass: 'Correction',
    ChargeDescription: `Correction: ${calls} requests of ${modelOf(row)} were priced again`,
    ConsumedQuantity: null,
    ConsumedUnit: null,
    PricingQuantity: null,
    PricingUnit: null,
    x_AbandonedCost: null,
    x_EstimatedCost: null,
    x_Final: 'true',
    x_PartlyUnpricedRequests: null,
    x_Requests: String(calls),
    x_UnconfirmedCost: null,
    x_Units: null,
    x_UnpricedRequests: null,
  };
}

const modelOf = (row: Row): string => textOf(row, 'model') ?? 'no model';

/** The ledger has one price of a call, which is the list price as far as nobody negotiated another. */
function chargeOf(row: Row, { month, project, customers }: ChargeContext, nanoUsd: number): Charge {
  const cost = exactDollars(nanoUsd);
  const [start, end] = dayBounds(textOf(row, 'day') ?? '', month.timeZone);
  const [source, id] = [textOf(row, 'source'), textOf(row, 'identifier')];
  const provider = textOf(row, 'provider') ?? 'unknown';
  const tags = id === null ? [] : customers.tags(source, id);
  return {
    BilledCost: cost,
    ContractedCost: cost,
    EffectiveCost: cost,
    ListCost: cost,
    BillingAccountId: `projects/${project}`,
    BillingAccountName: `Cody Gateway of ${project}`,
    BillingCurrency: 'USD',
    BillingPeriodStart: timeText(month.startMs),
    BillingPeriodEnd: timeText(month.endMs),
    ChargeCategory: 'Usage',
    ChargeFrequency: 'Usage-Based',
    // Providers bill the account by their own means: nothing here is on an invoice yet, or was bought ahead.
    CommitmentDiscountStatus: null,
    InvoiceId: null,
    ChargePeriodStart: start,
    ChargePeriodEnd: end,
    InvoiceIssuerName: provider,
    ProviderName: provider,
    PublisherName: provider,
    ResourceId: textOf(row, 'model'),
    ResourceType: textOf(row, 'model') === null ? null : 'Model',
    ServiceCategory: 'AI and Machine Learning',
    ServiceName: `${provider} models`,
    ServiceSubcategory: 'Generative AI',
    SubAccountId: id === null ? null : `${source ?? ''}/${id}`,
    SubAccountName: id === null ? null : customers.name(source, id),
    SubAccountType: id === null ? null : accountType(source),
    // FOCUS writes a tag without a value as true.
    Tags: JSON.stringify(Object.fromEntries(tags.map((tag) => [tag, true]))),
    x_Feature: textOf(row, 'feature'),
    x_Function: textOf(row, 'function'),
  };
}

function accountType(source: string | null): string {
  if (source === null || source === subscriptions) return 'Subscription';
  if (source === 'dotcom-user') return 'Sourcegraph.com user';
  return source === 'anonymous' ? 'Anonymous' : source;
}

/** The line of names. */
export const focusHeading: readonly string[] = focus.columns.map(({ name }) => name);

/** In the order of the columns. @throws Error where a charge has not what the specification asks for */
export function focusFields(charge: Charge): readonly string[] {
  return focus.columns.map(({ name, type, nullable }) => {
    const value = charge[name];
    if (value === undefined || (value === null && !nullable)) throw new Error(`a charge has no ${name}`);
    if (value === null) return '';
    // A number needs no quotes, and a minus is no formula.
    return type === 'decimal' ? value : csvField(value);
  });
}
