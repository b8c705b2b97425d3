// Three closed months of a made-up ledger in the local warehouse, with what is hard to export: prices that were changed
// before and after a month was closed, orphans that were settled, rows that came twice, names that mean harm. For tests
// and for the check by the FOCUS validator.

import { closeDay, createLedger, dueDays } from '@cody-gateway/shared/events';
import { startBigQuery, type LocalBigQuery } from '../local/google/bigquery/bigquery.ts';
import { createEventsDataset } from '../local/google/bigquery/events-dataset.ts';
import { readMonth, type BillingMonth } from './billing-month.ts';

export const sampleProject = 'local-cloud';
export const prompt = 'PROMPT: how do I hide a body of text';
const acme = '6452a8fc-e650-45a7-a0a2-357f776b3b46';
const hourS = 3_600;

/** @param nowMs the months are the fourth, third and second before it */
export async function startSampleMonths(nowMs: number): Promise<{
  readonly warehouse: LocalBigQuery;
  readonly months: readonly [BillingMonth, BillingMonth, BillingMonth];
}> {
  const warehouse = await createEventsDataset(await startBigQuery(), sampleProject);
  const now = new Date(nowMs);
  const month = (ago: number): BillingMonth =>
    readMonth(
      new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago, 1)).toISOString().slice(0, 7),
      'UTC',
      nowMs,
    );
  const months = [month(4), month(3), month(2)] as const;
  const [first, second] = months;
  const at = ({ startMs }: BillingMonth, day: number): string =>
    new Date(startMs + (day - 1) * 86_400_000 + 43_200_000).toISOString();
  const insert = (
    id: string,
    when: string,
    nano: number | null,
    more: Partial<Record<'rank' | 'priceRank', number>> & {
      readonly version?: string;
      readonly source?: string;
      readonly who?: string;
    } = {},
  ): Promise<unknown> => {
    const { rank = 1, priceRank = 0, version = 'p', source = 'dotcom-product-subscriptions', who = acme } = more;
    return warehouse.rows(`
      INSERT INTO events (name, source, identifier, created_at, metadata, event_id, rank, price_rank, function, region, feature, model, provider, units, quota_units, count, tokens, cost_nano_usd, price_version, home, attempts, abandoned_nano_usd)
      VALUES ('CompletionsFinished', '${source}', '${who}', TIMESTAMPTZ '${when}', json_object('prompt', '${prompt}', 'resolved_status_code', 200, 'prompt_token_count', 90, 'completion_token_count', 30),
        '${id}', ${rank}, ${priceRank}, 'chat-completions', 'us-central1', 'chat_completions', 'openai/m', 'openai', 1, 1, 1, 120, ${nano ?? 'NULL'}, '${version}', 'openai-api', 1, 7)`);
  };
  for (const [n, one] of months.entries())
    for (let day = 1; day <= 28; day += 3) await insert(`plain-${n}-${day}`, at(one, day), 1_000_000_007 * day);
  const afterS = ({ closedMs }: BillingMonth): number => closedMs / 1_000 + hourS;
  // Priced again before its month was closed, in the next one, and in the one after that.
  await insert('thrice', at(first, 5), 5_000_000_001);
  await insert('thrice', at(first, 5), 4_000_000_002, { priceRank: first.startMs / 1_000 + 20 * 24 * hourS });
  await insert('thrice', at(first, 5), 3_000_000_003, { priceRank: afterS(first) });
  await insert('thrice', at(first, 5), 6_000_000_004, { priceRank: afterS(second) });
  // Without a price at first.
  await insert('late price', at(second, 9), null, { source: 'dotcom-user', who: '7' });
  await insert('late price', at(second, 9), 2_000_000_009, {
    source: 'dotcom-user',
    who: '7',
    priceRank: afterS(second),
  });
  // Once an orphan, priced again as such, then settled: the settlement counts, and it came twice.
  await insert('orphan', at(first, 6), 9_000_000_000, { rank: 0, version: 'p, estimated tokens' });
  await insert('orphan', at(first, 6), 8_000_000_000, { rank: 0, priceRank: afterS(first) });
  await insert('orphan', at(first, 6), 11, { rank: 1 });
  await insert('orphan', at(first, 6), 11, { rank: 1 });
  await insert('no price', at(second, 10), null);
  await insert('unsure', at(second, 11), 77, {
    version: 'p, unconfirmed, estimated tokens, unpriced dimensions',
    source: 'anonymous',
    who: '=1+1',
  });
  await warehouse.rows(`
    INSERT INTO events (name, source, identifier, created_at, event_id, rank, units, quota_units, count)
    VALUES ('RateLimited', 'dotcom-product-subscriptions', '${acme}', TIMESTAMPTZ '${at(first, 8)}', 'refusal', 1, 0, 0, 12)`);
  const ledger = createLedger({
    bigqueryProjectId: sampleProject,
    bigqueryDataset: 'cody_gateway',
    bigqueryTable: 'events',
    bigqueryEndpoint: warehouse.url,
  });
  for (const due of await dueDays(ledger, 200)) await closeDay(ledger, due);
  return { warehouse, months };
}
