// The page of one request: what its row says, its attempts, and its cost by dimension. Data in, page out; never a word
// of its prompt, which no row has.

import { customerLink } from '../customer-link.ts';
import { exactDollars } from '../cell-text.ts';
import { faultSection, tableSection, type Cell, type Link, type Page, type Section } from '../page.ts';
import { valueOf } from '../told.ts';
import { costsOf, type KeptBudget, type RequestData, type RequestRow } from './request-data.ts';

const origin = 'BigQuery, events_between';

/** The page at `/console/requests`. */
export function requestPage(data: RequestData): Page {
  const { id, from, to } = data;
  const days = from === to ? from : `${from} to ${to}`;
  return {
    path: '/console/requests',
    query: { ...(id !== null && { id }), ...(from === to && { day: from }) },
    title: 'Requests',
    lead: `One request by its event’s id, or by the x-trace, x-request-id or request-id of its answer. Looked for in ${days}; ?day=yyyy-mm-dd looks at another day.`,
    warnings: [],
    search: {
      label: 'Event, trace or request id',
      name: 'id',
      value: id ?? '',
      hint: 'f8b40a53b13446f881c54666a72d51c5',
    },
    sections: id === null ? [] : sectionsOf(data, days),
    pages: null,
  };
}

function sectionsOf(data: RequestData, days: string): readonly Section[] {
  if ('fault' in data.rows) return [faultSection('request', 'The request', data.rows.fault)];
  const { value: rows, readAtMs } = data.rows;
  const origins = [{ source: origin, readAtMs, note: days }];
  if (rows.length === 0)
    return [
      tableSection(
        'request',
        'The request',
        {
          columns: [],
          rows: [],
          total: null,
          empty:
            'There is no row of it in these days. A row comes a minute or two after its call; many refusals of a minute share one.',
        },
        { origins },
      ),
    ];
  return rows.flatMap((row, at) => {
    const suffix = at === 0 ? '' : `-${at + 1}`;
    return [
      tableSection(
        `request${suffix}`,
        rows.length === 1 ? 'The request' : `Event ${at + 1} of ${rows.length}`,
        { columns: factColumns, rows: factsOf(row, data), total: null, empty: '' },
        { origins },
      ),
      attemptSection(row, suffix, origins),
      costSection(row, suffix, data, origins),
    ];
  });
}

const factColumns = [
  { heading: 'What', kind: 'text' },
  { heading: 'Value', kind: 'text' },
] as const;

function factsOf(row: RequestRow, { names, project }: RequestData): readonly (readonly Cell[])[] {
  const facts: readonly (readonly [string, Cell])[] = [
    ['Event', row.eventId],
    ['Trace', traceLink(row.traceId, project)],
    ['What happened', row.name],
    ['When', row.atMs === null ? null : new Date(row.atMs).toISOString()],
    ['Customer', customerLink(row.source, row.identifier, valueOf(names, new Map<string, string>()))],
    ['Function, region', [row.function, row.region].filter((part) => part !== null).join(', ') || null],
    ['Feature', row.feature],
    ['Model', row.model],
    ['Home', row.home],
    ['Status to the caller', row.resolved === -1 ? 'the caller left' : numberText(row.resolved)],
    ['Status of the provider', row.upstream === -1 ? 'it never answered' : numberText(row.upstream)],
    ['Refused for', row.cause],
    ['Limit of its quota', numberText(row.quotaLimit)],
    ['Budget that refused it, USD', refusedText(row.refusedBudget)],
    ['Marks', row.marks.join(', ') || null],
    ['Units charged, and kept by the quota', row.units === null ? null : `${row.units}, ${row.quotaUnits ?? 0}`],
    ['Quota window', row.quotaWindow],
    ['Kept by its budget, USD', keptText(row.budget)],
    ['Kept by its feature’s budget, USD', keptText(row.featureBudget)],
    ['Stands for so many', row.count === 1 ? null : String(row.count)],
    ['Tokens', numberText(row.tokens)],
    ['Cost, USD', row.costNano === null ? null : exactDollars(row.costNano)],
    ['Abandoned beside it, USD', row.abandonedNano === null ? null : exactDollars(row.abandonedNano)],
    ['By the prices of', row.priceVersion],
    ['Our own time', row.gatewayMs === null ? null : `${row.gatewayMs} ms`],
    ['The provider’s time', row.providerMs === null ? null : `${row.providerMs} ms`],
  ];
  // Facts that a refusal does not have are left out.
  return facts.filter(([, value]) => value !== null);
}

const keptText = (kept: KeptBudget | null): string | null =>
  kept === null ? null : `${exactDollars(kept.nano)} in ${kept.window}`;

const refusedText = (budget: RequestRow['refusedBudget']): string | null =>
  budget === null
    ? null
    : `${exactDollars(budget.spent)} of ${exactDollars(budget.limit)} spent; it might have cost ${exactDollars(budget.cost)}`;

const numberText = (value: number | null): string | null => (value === null ? null : String(value));

function traceLink(traceId: string | null, project: string | null): Link | string | null {
  if (traceId === null || project === null) return traceId;
  const query = new URLSearchParams({ project, tid: traceId });
  return { text: traceId, href: `https://console.cloud.google.com/traces/list?${query.toString()}` };
}

function attemptSection(row: RequestRow, suffix: string, origins: Section['origins']): Section {
  return tableSection(
    `attempts${suffix}`,
    'Attempts',
    {
      columns: [
        { heading: 'Home', kind: 'text' },
        { heading: 'Status', kind: 'text' },
        { heading: 'Time', kind: 'ms' },
        { heading: 'Failed for', kind: 'text' },
        { heading: 'May be billed', kind: 'text' },
      ],
      rows: row.attempts.map(({ home, status, ms, failure, mayBeBilled }) => [
        home,
        numberText(status),
        ms,
        failure,
        mayBeBilled ? 'yes' : null,
      ]),
      total: null,
      empty: row.home === null ? 'None is known.' : `One, which served: ${row.home}.`,
    },
    { origins },
  );
}

function costSection(row: RequestRow, suffix: string, { prices }: RequestData, origins: Section['origins']): Section {
  const costs = costsOf(row, prices);
  return tableSection(
    `cost${suffix}`,
    'Cost by dimension',
    {
      columns: [
        { heading: 'Dimension', kind: 'text' },
        { heading: 'Served by', kind: 'text' },
        { heading: 'Count', kind: 'count' },
        { heading: 'Cost', kind: 'money' },
      ],
      rows: costs.map(({ dimension, model, count, nano }) => [dimension, model ?? row.model, count, nano]),
      total: costs.length === 0 ? null : ['As it was charged', null, null, row.costNano],
      empty: 'Its row says nothing of what was used.',
    },
    {
      note: 'Each dimension alone, by the prices of that moment as they are known today: tiers go by the whole call, so that parts may differ from what was charged.',
      origins,
    },
  );
}
