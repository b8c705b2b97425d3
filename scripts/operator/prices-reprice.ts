// `prices reprice`: prices the calls of final days again, by the prices that are known now for their moments. How is
// reprice-days.ts's.

import { audited } from '@cody-gateway/shared/documents';
import { createWarehouse } from '@cody-gateway/shared/events';
import { readAuthor, reasonHelp } from './author.ts';
import { readCatalogue } from './catalogue-place.ts';
import { readArguments, UsageError, type Command } from './command.ts';
import { requireYes } from './consent.ts';
import { daysMost } from './days.ts';
import { withDirectory } from './deployment.ts';
import { repriceDays } from './reprice-days.ts';
import { deploymentOf } from './subscriptions.ts';
import { formatTable } from '../terminal/table.ts';
import { warehouseHelp, warehouseOf } from './warehouse.ts';

const dayMs = 86_400_000;
/** Counted from the day's end: until then events of the day may still arrive. */
const finalAfterMs = 2 * dayMs;

/** The command that prices again. */
export const repriceCommands: readonly Command[] = [
  {
    name: 'prices reprice',
    summary: 'prices the calls of final days again, after a price was corrected',
    help: `usage: npm run gateway -- prices reprice --from <day> --to <day> [--yes --reason <text>] [--project <id>] [--dataset <name>] [--bigquery <url>] [--json]

Each call at the price that is known now for the moment of its admission, by the usage that its row keeps. Prints what would change; with --yes it writes
those rows, and them alone, with the run's number as their price_rank: views take the latest. Their times stay, and no counter of Redis moves. A second run
changes nothing. A cost that nobody can work out from the row stays. To write, it needs the entitlement cody-gateway-…-ledger
(roles/bigquery.dataEditor), and cody-gateway-…-operate for its audit record.

  --from, --to     first and last day, UTC, such as 2026-11-01; both final: their end is two days ago
  --yes            write
${reasonHelp}${warehouseHelp}  --json           one JSON document

examples:
  npm run gateway -- prices reprice --from 2026-11-01 --to 2026-11-25
  npm run gateway -- prices reprice --from 2026-11-01 --to 2026-11-25 --yes --reason "cache reads were twice too dear"
`,
    run: async (args) => {
      const { options, yes } = readArguments(args, ['from', 'to', 'reason', 'project', 'dataset', 'bigquery']);
      if (options.reason !== undefined) requireYes(yes, 'changes what calls have cost');
      const days = daysOf(options.from, options.to, Date.now());
      const deployment = await deploymentOf(options.project);
      const author = yes ? await readAuthor(options.reason, deployment) : null;
      const { prices: book, notes } = await readCatalogue(deployment);
      const { query, dataset, settings } = await warehouseOf(options);
      const warehouse = createWarehouse(settings, () => Promise.resolve(book));
      // Later runs have higher numbers.
      const run = author === null ? null : Math.floor(Date.now() / 1_000);
      const work = () => repriceDays({ ledger: { query, dataset }, warehouse, book }, days, run);
      const change = `${days[0] ?? ''} to ${days.at(-1) ?? ''}, run ${run ?? ''}`;
      const done =
        author === null
          ? await work()
          : await withDirectory(deployment, (directory) =>
              audited(directory, author, { what: 'prices reprice', subject: null, change }, work),
            );
      const dollars = (nano: number): string => (nano / 1e9).toFixed(9);
      const lines = [...done.models].map(([model, of]) => [
        model,
        String(of.rows),
        dollars(of.beforeNanoUsd),
        dollars(of.afterNanoUsd),
      ]);
      const sentence = `${done.changed} of ${done.rows} calls ${run === null ? 'would cost' : 'cost'} something else now: $${dollars(done.afterNanoUsd)} for $${dollars(done.beforeNanoUsd)}`;
      const hint = run === null && done.changed > 0 ? '\n--yes --reason <text> writes it' : '';
      return {
        text: [
          ...(lines.length > 0 ? [formatTable(['MODEL', 'CALLS', 'BEFORE, $', 'AFTER, $'], lines)] : []),
          `${sentence}${hint}`,
          ...notes,
        ].join('\n'),
        json: {
          from: days[0],
          to: days.at(-1),
          run,
          rows: done.rows,
          changed: done.changed,
          before_nano_usd: done.beforeNanoUsd,
          after_nano_usd: done.afterNanoUsd,
          models: [...done.models].map(([model, of]) => ({ model, ...of })),
          notes,
        },
      };
    },
  },
];

/** @throws UsageError */
function daysOf(from: string | undefined, to: string | undefined, nowMs: number): string[] {
  const [first, last] = [
    ['--from', from],
    ['--to', to],
  ].map(([name, text]) => {
    const ms = /^\d{4}-\d\d-\d\d$/.test(text ?? '') ? Date.parse(text ?? '') : NaN;
    if (Number.isNaN(ms))
      throw new UsageError(
        `${name ?? ''} ${text === undefined ? 'is missing' : JSON.stringify(text)}: give a day such as 2026-11-01`,
      );
    return ms;
  });
  if (first === undefined || last === undefined || first > last) throw new UsageError('--from is after --to');
  const count = (last - first) / dayMs + 1;
  if (count > daysMost) throw new UsageError(`${count} days are more than ${daysMost}`);
  if (last + dayMs + finalAfterMs > nowMs)
    throw new UsageError(
      `--to ${to ?? ''} is not final before ${new Date(last + dayMs + finalAfterMs).toISOString().slice(0, 10)}: its events may still arrive`,
    );
  return Array.from({ length: count }, (_, i) => new Date(first + i * dayMs).toISOString().slice(0, 10));
}
