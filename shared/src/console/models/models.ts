// The page of models and homes: what is served, what is shut or disabled and why, how calls went, and what they cost by
// which price. Data in, page out.

import type { Catalogue, Home, ModelRow, PriceBook } from '../../catalogue/catalogue.ts';
import type { ShutNow } from '../../upstream/upstream.ts';
import { tableSection, type Cell, type Column, type Page, type Section, type State } from '../page.ts';
import { numberOf } from '../sums.ts';
import { sectionOf, valueOf } from '../told.ts';
import type { ModelsData, Traffic } from './models-data.ts';

const trafficSource = 'BigQuery, events_between';

/** The page at `/console/models`. @param nowMs by which prices hold */
export function modelsPage(data: ModelsData, nowMs: number): Page {
  const { known, shut } = data;
  return {
    path: '/console/models',
    query: {},
    title: 'Models and homes',
    lead: 'What is served, where, how it goes, and at which price.',
    warnings: [
      ...('fault' in known
        ? []
        : [
            ...(known.value.faults > 0
              ? [`${known.value.faults} rows of the catalogue are left out: npm run gateway -- models list names them.`]
              : []),
            ...(known.value.keysKnown
              ? []
              : ['No function has told yet which keys it has: homes are shown as if all had theirs.']),
          ]),
      ...('fault' in shut ? [`What is shut at this moment is not known: ${shut.fault}.`] : []),
    ],
    search: null,
    sections: [
      shutSection(data),
      failureSection(data),
      homeSection(data),
      trafficSection(data),
      modelSection(data, nowMs),
    ],
    pages: null,
  };
}

function shutSection(data: ModelsData): Section {
  const title = 'Shut at this moment';
  return sectionOf('shut', title, data.shut, (shut, origin) =>
    tableSection(
      'shut',
      title,
      {
        columns: [
          { heading: 'What', kind: 'text' },
          { heading: 'Home', kind: 'text' },
          { heading: 'Name', kind: 'text' },
          { heading: 'Tried again in', kind: 'ms' },
        ],
        rows: shut.map(({ kind, home, name, waitMs }) => [kind, home, name, Math.max(0, waitMs)]),
        total: null,
        empty: 'Nothing: every home, key and model that instances know of gets calls.',
      },
      { origins: origin('Redis, health of homes', 'what one caller alone meets is left out') },
    ),
  );
}

/** What was shut lately can be seen by what failed: three in a row shut a home. */
function failureSection(data: ModelsData): Section {
  const title = 'Attempts that failed in the last 24 hours, by home';
  return sectionOf('failures', title, data.failures, (failures, origin) =>
    tableSection(
      'failures',
      title,
      {
        columns: [
          { heading: 'Home', kind: 'text' },
          { heading: 'Failed for', kind: 'text' },
          { heading: 'Attempts', kind: 'count' },
          { heading: 'Models', kind: 'count' },
          { heading: 'First', kind: 'time' },
          { heading: 'Latest', kind: 'time' },
        ],
        rows: failures.map(({ home, failure, attempts, models, firstMs, lastMs }) => [
          home,
          failure,
          attempts,
          models,
          firstMs,
          lastMs,
        ]),
        total: null,
        empty: 'None: each call was served by the first home that it was sent to.',
      },
      {
        note: 'A home is shut by three failures in a row, a model of a home by its overload, and is tried again within a minute; calls went to the next home meanwhile.',
        origins: origin(trafficSource),
      },
    ),
  );
}

const inForce = 'operators’ changes are in force ten seconds after they are made';

function homeSection(data: ModelsData): Section {
  const shut = valueOf(data.shut, []);
  return sectionOf('homes', 'Homes', data.known, ({ catalogue }, origin) =>
    tableSection(
      'homes',
      'Homes',
      {
        columns: [
          { heading: 'Home', kind: 'text' },
          { heading: 'Provider', kind: 'text' },
          { heading: 'State', kind: 'state' },
          { heading: 'Why', kind: 'text' },
          { heading: 'Company', kind: 'text' },
          { heading: 'Region', kind: 'text' },
          { heading: 'Keeps prompts', kind: 'text' },
          { heading: 'Priority', kind: 'count' },
          { heading: 'Weight', kind: 'count' },
        ],
        rows: catalogue.homes
          .toSorted((a, b) => rankOfHome(b) - rankOfHome(a))
          .map((home) => [
            home.row.id,
            home.row.provider,
            stateOfHome(home, shut),
            home.why,
            home.row.company,
            home.row.region,
            home.row.retention,
            home.row.priority,
            home.row.weight,
          ]),
        total: null,
        onPaper: catalogue.homes.filter(
          ({ status }) => status === 'open' || status === 'draining' || status === 'refused',
        ).length,
        empty: 'The catalogue has no homes.',
      },
      { origins: origin('Firestore and Redis, the catalogue', inForce) },
    ),
  );
}

/** Those that get calls first, then those that somebody took away, then what nobody has set up. */
const rankOfHome = ({ status }: Home): number =>
  status === 'open' ? 2 : status === 'draining' || status === 'refused' ? 1 : 0;

function stateOfHome({ row, status }: Home, shut: readonly ShutNow[]): State {
  if (status === 'draining') return { text: 'draining', tone: 'warn' };
  if (status === 'refused') return { text: 'refused', tone: 'bad' };
  if (status !== 'open') return { text: status, tone: 'quiet' };
  if (shut.some(({ kind, home }) => kind === 'home' && home === row.id)) return { text: 'shut', tone: 'bad' };
  return { text: 'open', tone: 'good' };
}

function trafficSection(data: ModelsData): Section {
  const title = 'Calls of the last 24 hours, by model and home';
  return sectionOf('calls', title, data.traffic, (traffic: readonly Traffic[], origin) => {
    const columns: readonly Column[] = [
      { heading: 'Model', kind: 'text' },
      { heading: 'Home', kind: 'text' },
      { heading: 'Calls', kind: 'count' },
      { heading: 'Served', kind: 'percent' },
      { heading: 'Attempts a call', kind: 'decimal' },
      { heading: 'Ours, median', kind: 'ms' },
      { heading: 'Ours, 95 %', kind: 'ms' },
      { heading: 'Provider, median', kind: 'ms' },
      { heading: 'Provider, 95 %', kind: 'ms' },
      { heading: 'Spend', kind: 'money' },
    ];
    return tableSection(
      'calls',
      title,
      {
        columns,
        rows: traffic.map((one): readonly Cell[] => [
          one.model,
          one.home,
          one.calls,
          one.calls === 0 ? null : one.served / one.calls,
          one.calls === 0 ? null : Math.round((one.attempts / one.calls) * 100) / 100,
          one.gatewayP50,
          one.gatewayP95,
          one.providerP50,
          one.providerP95,
          one.costNano,
        ]),
        total: null,
        empty: 'No call in the last 24 hours.',
      },
      { origins: origin(trafficSource, 'refused calls are not in it') },
    );
  });
}

/** Dollars a million tokens, as the price's row has them. */
const shownDimensions = ['input', 'cache_read', 'output'] as const;

function modelSection(data: ModelsData, nowMs: number): Section {
  const called = new Set(valueOf(data.traffic, []).map(({ model }) => model));
  const title = 'Models and prices';
  return sectionOf('models', title, data.known, ({ catalogue, prices }, origin) => {
    const rows = [...catalogue.models.values()]
      .map(({ row }) => ({ row, state: stateOfModel(row, catalogue) }))
      .toSorted((a, b) => orderOf(b, called) - orderOf(a, called) || (a.row.id < b.row.id ? -1 : 1));
    return tableSection(
      'models',
      title,
      {
        columns: [
          { heading: 'Model', kind: 'text' },
          { heading: 'State', kind: 'state' },
          { heading: 'Why', kind: 'text' },
          ...shownDimensions.map((name): Column => ({ heading: `${name.replace('_', ' ')}, $/M`, kind: 'decimal' })),
          { heading: 'Price from', kind: 'text' },
          { heading: 'Basis', kind: 'text' },
          { heading: 'Source of the price', kind: 'text' },
        ],
        rows: rows.map(({ row, state }) => modelRow(row, state, prices, nowMs)),
        total: null,
        onPaper: paperLines(rows.map((one) => orderOf(one, called))),
        empty: 'The catalogue has no models.',
      },
      {
        note: 'Those that were called lately first, then those that are served. Dollars a million tokens that hold now, without what was negotiated.',
        origins: origin('Firestore and Redis, the catalogue', inForce),
      },
    );
  });
}

/** Two sheets of those that are served; those that had calls, or were taken away, are all there. */
const servedOnPaper = 60;
const paperLines = (orders: readonly number[]): number =>
  Math.max(
    orders.filter((order) => order >= 2).length,
    Math.min(servedOnPaper, orders.filter((order) => order > 0).length),
  );

interface ModelState {
  readonly state: State;
  readonly why: string | null;
}

const orderOf = ({ row, state }: { row: ModelRow; state: ModelState }, called: ReadonlySet<string>): number =>
  (called.has(row.id) ? 4 : 0) + (state.state.tone === 'bad' ? 2 : state.state.tone === 'good' ? 1 : 0);

function modelRow(row: ModelRow, { state, why }: ModelState, prices: PriceBook, nowMs: number): readonly Cell[] {
  const price = prices.priceOf(row.id, nowMs);
  return [
    row.id,
    state,
    why,
    ...shownDimensions.map((name) => numberOf(price?.dimensions[name])),
    price?.from.slice(0, 10) ?? null,
    price?.basis ?? null,
    price?.source ?? null,
  ];
}

function stateOfModel(row: ModelRow, catalogue: Catalogue): ModelState {
  const provider = row.id.slice(0, row.id.indexOf('/'));
  const found = catalogue.resolve(row.id.slice(provider.length + 1), provider);
  switch (found.kind) {
    case 'served':
      return { state: { text: 'served', tone: 'good' }, why: null };
    case 'disabled':
      return { state: { text: 'disabled', tone: 'bad' }, why: found.text };
    case 'unavailable':
      return { state: { text: 'no home', tone: 'quiet' }, why: found.text };
    case 'refused':
      return { state: { text: 'not allowed', tone: 'quiet' }, why: 'the allow-list leaves it out' };
  }
}
