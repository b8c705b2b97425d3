// The page of functions: what each cost this month, and of which parts, where Google's bill is connected. Its data,
// and the page out of it.

import { dayOf, monthsOf, type Months } from '../days.ts';
import { LookupFailed, type Lookups, type Question, type Row } from '../lookups.ts';
import { tableSection, type Page, type Section } from '../page.ts';
import { addUp, numberOf, sumCells, sumColumns, sumsOf, sumsSql, textOf, type Sums } from '../sums.ts';
import { sectionOf, told, type Told } from '../told.ts';

/** A part of a function's cost, of Google's bill or the providers'. */
export interface CostPart {
  /** Null: of no function. */
  readonly function: string | null;
  readonly part: string;
  readonly nano: number;
}

/** Everything that the page shows. */
export interface FunctionsData {
  readonly months: Months;
  readonly spend: Told<readonly (Sums & { readonly name: string | null })[]>;
  /** Null: Google's bill is not connected. */
  readonly parts: Told<readonly CostPart[] | null>;
}

const gibibyte = 1024 ** 3;

/** For the list of the project's SQL as well. */
export const functionsQuestions = {
  spend: {
    sql: `SELECT function, ${sumsSql}
FROM \`$dataset.usage_daily\`
WHERE day BETWEEN CAST(@from AS DATE) AND CAST(@to AS DATE)
GROUP BY function
ORDER BY cost_nano_usd DESC, events DESC, function`,
    rowsMax: 100,
    bytesMax: 50 * gibibyte,
  },
  parts: {
    sql: `SELECT function, part, SUM(micro_usd) AS micro_usd
FROM \`$dataset.bill_between\`(TIMESTAMP(CAST(@from AS DATE), '$zone'), TIMESTAMP(DATE_ADD(CAST(@to AS DATE), INTERVAL 1 DAY), '$zone'))
GROUP BY function, part
ORDER BY micro_usd DESC, function, part`,
    rowsMax: 1_000,
    bytesMax: 100 * gibibyte,
  },
} as const satisfies Readonly<Record<string, Question>>;

/** @param failed is told what went wrong */
export async function readFunctions(
  lookups: Lookups,
  nowMs: number,
  failed: (error: unknown) => void,
): Promise<FunctionsData> {
  const timeZone = await lookups.timeZone().catch(() => 'UTC');
  const months = monthsOf(dayOf(nowMs, timeZone));
  const params = { from: months.from, to: months.today };
  const parts = lookups.rows(functionsQuestions.parts, params).then(
    ({ value, readAtMs }) => ({ value: value.map(partOf), readAtMs }),
    (error: unknown) => {
      if (error instanceof LookupFailed && error.missing) return { value: null, readAtMs: nowMs };
      throw error;
    },
  );
  const spend = lookups.rows(functionsQuestions.spend, params).then(({ value, readAtMs }) => ({
    value: value.map((row) => ({ name: textOf(row['function']), ...sumsOf(row) })),
    readAtMs,
  }));
  const [spendTold, partsTold] = await Promise.all([told(spend, failed), told(parts, failed)]);
  return { months, spend: spendTold, parts: partsTold };
}

/** A row of the second question. */
export const partOf = (row: Row): CostPart => ({
  function: textOf(row['function']),
  part: textOf(row['part']) ?? '',
  nano: Math.round((numberOf(row['micro_usd']) ?? 0) * 1_000),
});

/** The page at `/console/functions`. */
export function functionsPage(data: FunctionsData): Page {
  const { months } = data;
  return {
    path: '/console/functions',
    query: {},
    title: 'Functions',
    lead: `What each function cost from ${months.from} to ${months.today}. A function is a part of the gateway that runs, is deployed and is billed by itself.`,
    warnings: [],
    search: null,
    sections: [spendSection(data), billSection(data)],
    pages: null,
  };
}

function spendSection(data: FunctionsData): Section {
  const title = 'At the providers';
  return sectionOf('spend', title, data.spend, (spend, origin) => {
    const all = addUp(spend);
    return tableSection(
      'spend',
      title,
      {
        columns: [{ heading: 'Function', kind: 'text' }, ...sumColumns],
        rows: spend.map((one) => [one.name ?? noFunction, ...sumCells(one, all.cost_nano_usd)]),
        total: ['All', ...sumCells(all, 0)],
        empty: 'No function was called this month.',
      },
      {
        note: 'What the providers’ models cost, by the function that called them: at the price that held when a call began, as the gateway worked it out; no provider’s invoice.',
        origins: origin('BigQuery, usage_daily', 'a day is final 48 hours after its end'),
      },
    );
  });
}

const noFunction = 'no function';

/** What parts are called for people; any other has its own name (bill_between.sql). */
const partTexts: Readonly<Record<string, string>> = {
  llm: 'providers’ models',
  'cloud run': 'Cloud Run, processor and memory',
  egress: 'network, what is sent out',
  armor: 'Cloud Armor',
  redis: 'Redis (Memorystore)',
  tasks: 'Cloud Tasks',
  bigquery: 'BigQuery',
  firestore: 'Firestore',
  logs: 'Cloud Logging',
  traces: 'Cloud Trace',
  metrics: 'Cloud Monitoring',
  secrets: 'Secret Manager',
  builds: 'builds and their storage',
  scheduler: 'Cloud Scheduler',
  bastion: 'the operators’ tunnel',
  unexplained: 'Google’s bill, of no known part',
  'without a project': 'Google’s bill, of the whole account (support, tax)',
};

/** Of Google's bill and the providers'. */
export function billSection(data: Pick<FunctionsData, 'parts'>): Section {
  const title = 'What it is made of, Google’s bill included';
  return sectionOf('bill', title, data.parts, (parts, origin) => {
    const all = (parts ?? []).reduce((sum, { nano }) => sum + nano, 0);
    return tableSection(
      'bill',
      title,
      {
        columns: [
          { heading: 'Function', kind: 'text' },
          // What is behind it a phone has to scroll to.
          { heading: 'Cost', kind: 'money' },
          { heading: 'Part', kind: 'text' },
          { heading: 'Share', kind: 'bar' },
        ],
        rows: (parts ?? []).map(({ function: name, part, nano }) => [
          name ?? noFunction,
          nano,
          partTexts[part] ?? part,
          all === 0 ? null : nano / all,
        ]),
        total: ['All', all, null, null],
        empty:
          parts === null
            ? 'What Google bills is not known here: an operator connects its billing export, as billing_export in terraform/envs.'
            : 'Nothing was used and nothing billed yet in these days.',
      },
      parts === null
        ? {}
        : {
            note: 'The providers’ models as above, and what Google bills for running the gateway, credits taken off. What Google bills for all functions together is shared out by the time, the bytes and the requests of each.',
            origins: origin(
              'BigQuery, bill_between',
              'Google’s bill comes a day late, and is corrected until its invoice of the month',
            ),
          },
    );
  });
}
