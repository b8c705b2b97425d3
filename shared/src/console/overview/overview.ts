// The overview: what this month costs, beside the last one, where it leads, who moved, and what went wrong. Data in,
// page out.

import { countText, moneyText, percentText } from '../cell-text.ts';
import { customerLink } from '../customer-link.ts';
import { monthlyBudget, namesOf } from '../customers/customers.ts';
import { daysAfter, forecast } from '../days.ts';
import type { Fact, Page, Section, State } from '../page.ts';
import { tableSection } from '../page.ts';
import { addUp, type Sums } from '../sums.ts';
import { sectionOf, valueOf } from '../told.ts';
import type { Day, Fault, Mover, OverviewData } from './overview-data.ts';

const usageSource = 'BigQuery, usage_daily';

/** The page at `/console`. */
export function overviewPage(data: OverviewData): Page {
  const { months, timeZone } = data;
  return {
    path: '/console',
    query: {},
    title: 'Overview',
    lead: `${months.from} to ${months.today}, beside the month before. Days begin at midnight ${timeZone}.`,
    warnings: warningsOf(data),
    search: null,
    sections: [monthSection(data), dayTable(data), moverSection(data), certaintySection(data), faultsSection(data)],
    pages: null,
  };
}

/** This month, this month's part of the last, and the whole last one. */
function splitMonths({ months, days }: OverviewData): {
  now: readonly Day[];
  same: readonly Day[];
  before: readonly Day[];
} {
  const all = valueOf(days, []);
  const before = all.filter(({ day }) => day >= months.beforeFrom && day <= months.beforeTo);
  return {
    now: all.filter(({ day }) => day >= months.from),
    same: before.filter(({ day }) => day <= months.beforeSame),
    before,
  };
}

function warningsOf({ entries, days }: OverviewData): readonly string[] {
  const { unpriced, partly_unpriced: partly } = addUp(valueOf(days, []));
  return [
    ...(unpriced > 0
      ? [`${countText(unpriced)} charged calls of these two months have no price: they count as nothing here.`]
      : []),
    ...(partly > 0
      ? [`${countText(partly)} calls used something that has no price, and cost more than is counted.`]
      : []),
    ...('fault' in entries ? [`Names of customers are not known: ${entries.fault}. Their ids are shown.`] : []),
  ];
}

function monthSection(data: OverviewData): Section {
  const { months } = data;
  return sectionOf('month', 'This month', data.days, (all, origin) => {
    const { now, same, before } = splitMonths(data);
    const [spent, spentSame, spentBefore] = [addUp(now), addUp(same), addUp(before)];
    const spend = new Map(all.map(({ day, cost_nano_usd: nano }) => [day, nano]));
    const first = all.reduce<string | null>((least, { day }) => (least === null || day < least ? day : least), null);
    const ahead = forecast(spend, months, first);
    const facts: Fact[] = [
      {
        label: 'Spend, month to date',
        kind: 'money',
        value: spent.cost_nano_usd,
        note: changeText(
          spent.cost_nano_usd,
          spentSame.cost_nano_usd,
          `to ${months.beforeSame.slice(5)} of last month`,
        ),
      },
      { label: 'Forecast for the month', kind: 'money', value: ahead.nanoUsd, note: ahead.method },
      {
        label: 'Last month',
        kind: 'money',
        value: spentBefore.cost_nano_usd,
        note: `${moneyText(spentSame.cost_nano_usd)} to ${months.beforeSame.slice(5)}`,
      },
      {
        label: 'Requests',
        kind: 'count',
        value: spent.events,
        note: changeText(spent.events, spentSame.events, 'on last month'),
      },
      budgetFact(data),
      { label: 'Tokens', kind: 'count', value: spent.tokens, note: `${countText(spent.units)} units charged` },
    ];
    const bars = Array.from({ length: months.length }, (_, i) => {
      const day = daysAfter(months.from, i);
      const day0 = daysAfter(months.beforeFrom, i);
      return {
        label: day.slice(5),
        value: spend.get(day) ?? 0,
        before: day0 <= months.beforeTo ? (spend.get(day0) ?? 0) : null,
        open: all.some((one) => one.day === day && !one.final),
      };
    });
    return {
      id: 'month',
      title: 'This month',
      note: null,
      origins: origin(usageSource, 'a day is final 48 hours after its end, the lighter bars are not yet'),
      fault: null,
      facts,
      chart:
        all.length === 0 ? null : { title: 'Spend by day; behind it the same day of last month', bars, kind: 'money' },
      table: null,
    };
  });
}

/** What all customers with a monthly budget may spend together; there is no limit on the whole. */
function budgetFact({ entries, budgeted }: OverviewData): Fact {
  const budgets = valueOf(entries, []).flatMap((entry) => monthlyBudget(entry) ?? []);
  const sum = budgets.reduce((all, nano) => all + nano, 0);
  return {
    label: 'Budgets of the month',
    kind: 'money',
    value: 'fault' in entries || budgets.length === 0 ? null : sum,
    note:
      budgets.length === 0
        ? 'no customer has one'
        : `of ${budgets.length} customers, each its own${spentText(valueOf(budgeted, null), sum)}`,
  };
}

function spentText(spentNano: number | null, limitNano: number): string {
  if (spentNano === null) return '';
  const share = limitNano === 0 ? '' : `, ${percentText(spentNano / limitNano)}`;
  return `; ${moneyText(spentNano)} of it spent${share}`;
}

/** Every day of the month so far, also those without traffic. */
function dayTable(data: OverviewData): Section {
  const { months } = data;
  return sectionOf('days', 'Days', data.days, (all, origin) => {
    const byDay = new Map(all.map((day) => [day.day, day]));
    const rows = [];
    for (let day = months.today, n = Number(months.today.slice(8)); n >= 1; day = daysAfter(day, -1), n--) {
      const one = byDay.get(day);
      const before = n <= Number(months.beforeTo.slice(8)) ? daysAfter(months.beforeFrom, n - 1) : null;
      rows.push([
        day,
        one?.cost_nano_usd ?? 0,
        before === null ? null : (byDay.get(before)?.cost_nano_usd ?? 0),
        one?.events ?? 0,
        one?.units ?? 0,
        one?.tokens ?? 0,
        one?.unpriced ?? 0,
        stateOf(one, day === months.today),
      ]);
    }
    const now = addUp(splitMonths(data).now);
    const total = [
      'Month to date',
      now.cost_nano_usd,
      addUp(splitMonths(data).same).cost_nano_usd,
      now.events,
      now.units,
      now.tokens,
      now.unpriced,
      null,
    ];
    return tableSection(
      'days',
      'Days',
      {
        columns: [
          { heading: 'Day', kind: 'text' },
          { heading: 'Spend', kind: 'money' },
          { heading: 'Last month', kind: 'money' },
          { heading: 'Requests', kind: 'count' },
          { heading: 'Units', kind: 'count' },
          { heading: 'Tokens', kind: 'count' },
          { heading: 'Without price', kind: 'count' },
          { heading: 'State', kind: 'state' },
        ],
        rows,
        total,
        empty: 'No day of this month has begun.',
      },
      { origins: origin(usageSource) },
    );
  });
}

function stateOf(day: Day | undefined, isToday: boolean): State {
  if (isToday) return { text: 'today', tone: 'quiet' };
  if (day === undefined) return { text: 'no traffic', tone: 'quiet' };
  return day.final ? { text: 'final', tone: 'good' } : { text: 'not final', tone: 'warn' };
}

function moverSection(data: OverviewData): Section {
  const names = namesOf(data.entries);
  const title = 'Largest changes';
  return sectionOf('movers', title, data.movers, (movers: readonly Mover[], origin) =>
    tableSection(
      'movers',
      title,
      {
        columns: [
          { heading: 'Who', kind: 'text' },
          { heading: 'What', kind: 'text' },
          { heading: 'This month', kind: 'money' },
          { heading: 'Same days last month', kind: 'money' },
          { heading: 'Change', kind: 'money' },
        ],
        rows: movers.map(({ kind, source, name, nowNano, beforeNano }) => [
          kind === 'customer' ? customerLink(source, name, names) : (name ?? 'no model'),
          kind,
          nowNano,
          beforeNano,
          nowNano - beforeNano,
        ]),
        total: null,
        empty: 'Nobody’s spend changed.',
      },
      {
        note: 'Customers and models whose spend moved most, up or down, against the same days of last month.',
        origins: origin(usageSource),
      },
    ),
  );
}

/** How much of the money is certain. */
function certaintySection(data: OverviewData): Section {
  const title = 'How sure the month’s spend is';
  return sectionOf('certainty', title, data.days, (_, origin) => {
    const sums: Sums = addUp(splitMonths(data).now);
    const part = (nano: number): string =>
      sums.cost_nano_usd === 0 ? 'of no spend' : `${percentText(nano / sums.cost_nano_usd)} of the spend`;
    const tone = (value: number): Pick<Fact, 'tone'> => (value > 0 ? { tone: 'warn' } : {});
    return {
      id: 'certainty',
      title,
      note: null,
      origins: origin(usageSource),
      fault: null,
      chart: null,
      table: null,
      facts: [
        {
          label: 'Calls without a price',
          kind: 'count',
          value: sums.unpriced,
          note: 'counted as nothing',
          ...tone(sums.unpriced),
        },
        {
          label: 'Calls partly without',
          kind: 'count',
          value: sums.partly_unpriced,
          note: 'cost more than is counted',
          ...tone(sums.partly_unpriced),
        },
        {
          label: 'At unconfirmed prices',
          kind: 'money',
          value: sums.unconfirmed_nano_usd,
          note: part(sums.unconfirmed_nano_usd),
          ...tone(sums.unconfirmed_nano_usd),
        },
        {
          label: 'Estimated',
          kind: 'money',
          value: sums.estimated_nano_usd,
          note: `${part(sums.estimated_nano_usd)}: nobody reported the tokens`,
        },
        {
          label: 'Abandoned, beside it',
          kind: 'money',
          value: sums.abandoned_nano_usd,
          note: 'attempts that nobody got anything of',
        },
      ],
    };
  });
}

/** In words. */
export const whoseText: Readonly<Record<Fault['whose'], State>> = {
  nobody: { text: 'none', tone: 'good' },
  caller: { text: 'the caller’s', tone: 'quiet' },
  provider: { text: 'a provider’s', tone: 'warn' },
  gateway: { text: 'ours', tone: 'bad' },
};

function faultsSection(data: OverviewData): Section {
  const title = 'Requests of the last 24 hours, by whose fault';
  return sectionOf('faults', title, data.faults, (faults: readonly Fault[], origin) => {
    const all = faults.reduce((sum, { requests }) => sum + requests, 0);
    return tableSection(
      'faults',
      title,
      {
        columns: [
          { heading: 'What became of them', kind: 'text' },
          { heading: 'Fault', kind: 'state' },
          { heading: 'Requests', kind: 'count' },
          { heading: 'Share', kind: 'percent' },
        ],
        rows: faults.map(({ whose, what, requests }) => [
          what,
          whoseText[whose],
          requests,
          all === 0 ? null : requests / all,
        ]),
        total: ['All', null, all, null],
        empty: 'No request in the last 24 hours.',
      },
      { origins: origin('BigQuery, events_between') },
    );
  });
}

/** `+12.5 % …`; null where there is nothing to compare with. */
function changeText(now: number, before: number, than: string): string | null {
  if (before === 0) return null;
  const change = (now - before) / before;
  return `${change >= 0 ? '+' : '-'}${percentText(Math.abs(change))} ${than}`;
}
