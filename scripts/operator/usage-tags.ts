// `usage tags`: what calls of each tag used and cost, for whoever charges teams and projects.

import { questionText, tagRow, tagsQuestion, type TagSpend } from '@cody-gateway/shared/console';
import { readArguments, UsageError, type Command } from './command.ts';
import { daysMost, lastDays, readDays, readMonthName } from './days.ts';
import { formatTable } from '../terminal/table.ts';
import { dollars } from './usage-cost.ts';
import { readTimeZone, warehouseHelp, warehouseOf } from './warehouse.ts';

const daysByDefault = 30;

/** The command about tags. */
export const tagCommands: readonly Command[] = [
  {
    name: 'usage tags',
    summary: 'calls, tokens and cost by tag: of calls, and of subscriptions',
    help: `usage: npm run gateway -- usage tags [--days <number> | --month <month>] [--project <id>] [--dataset <name>] [--bigquery <url>] [--json]

  --days           how many, today included, up to ${daysMost}; ${daysByDefault} where absent
  --month          a calendar month instead, such as 2026-11
${warehouseHelp}  --json           for programs: one JSON document (with npm run --silent, or npm's own lines stand above it)

Days and months begin at midnight of the billing time zone. Tags of a call are what its caller gave it (x-cody-tags: team=search), tags of a subscription are its own.
A call of several tags is in the line of each, so the lines do not sum to the total; each half of the table has all calls. By subscription: queries run usage_by_tag.

examples:
  npm run gateway -- usage tags --month 2026-11 --project my-project
  npm run gateway -- usage tags --days 7
`,
    run: async (args) => {
      const { options } = readArguments(args, ['days', 'month', 'project', 'dataset', 'bigquery']);
      if (options.days !== undefined && options.month !== undefined)
        throw new UsageError('--days and --month each say which days: give one of them');
      const month = options.month === undefined ? null : daysOfMonth(options.month);
      const days = options.days === undefined ? daysByDefault : readDays(options.days);
      const { query, dataset } = await warehouseOf(options);
      const zone = await readTimeZone(query, dataset);
      const range = month ?? lastDays(days, Date.now(), zone);
      const { from, to } = range;
      const tags = (await query(questionText(tagsQuestion, dataset, zone), { from, to })).map(tagRow);
      return { text: tags.length === 0 ? 'nothing was used in these days' : table(tags), json: { ...range, tags } };
    },
  },
];

/** First and last day. @throws UsageError */
function daysOfMonth(text: string): { readonly from: string; readonly to: string } {
  const month = readMonthName(text);
  const [year = 0, number = 0] = month.split('-').map(Number);
  return { from: `${month}-01`, to: new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10) };
}

function table(tags: readonly TagSpend[]): string {
  return formatTable(
    ['TAG OF', 'TAG', 'CALLERS', 'CALLS', 'TOKENS', 'UNPRICED', 'COST, $'],
    tags.map(({ tagged_by, tag, callers, calls, tokens, unpriced, cost_nano_usd }) => [
      tagged_by,
      tag ?? '(no tag)',
      ...[callers, calls, tokens, unpriced].map(String),
      dollars(cost_nano_usd),
    ]),
  );
}
