// The usage report as one self-contained HTML page: no script, no request to anywhere; every chart with its table and
// the table as CSV.

import { readFileSync } from 'node:fs';
import { columns, points, rows, stacked, type Bar } from './chart.ts';
import type { Figures, Part, Sums } from './figures.ts';

/** A cell: text, or a number with the text that people read. */
type Cell = string | { readonly value: number; readonly text: string };

interface Section {
  readonly id: string;
  readonly title: string;
  /** What the reader should know before the numbers. */
  readonly note: string;
  readonly chart: string | null;
  readonly heading: readonly string[];
  readonly body: readonly (readonly Cell[])[];
  readonly total: readonly Cell[] | null;
}

const css = readFileSync(new URL('./page.css', import.meta.url), 'utf8');

/** @param madeAtMs Unix time that the page says it was made at. */
export function reportPage(figures: Figures, madeAtMs: number): string {
  const { project, from, to, total, days } = figures;
  const sections = sectionsOf(figures);
  const open = days.filter(({ final }) => !final).map(({ day }) => day);
  const title = `Cody Gateway usage, ${from} to ${to}`;
  const made = new Date(madeAtMs).toISOString().slice(0, 16).replace('T', ' ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${css}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the figures</a>
<header>
<h1>${escape(title)}</h1>
<p>Project ${escape(project)}. Made ${made} UTC. Money is the price of the providers in US dollars; days are UTC.</p>
${open.length > 0 ? `<p>Not final yet, since events may still arrive until 48 hours after a day’s end: ${open.join(', ')}.</p>` : ''}
${total.unpriced > 0 ? `<p>${count(total.unpriced).text} charged calls have no price, since their tokens or their model’s price are not known; they count as zero here: ${escape(namesOf(figures.models.filter(({ unpriced }) => unpriced > 0)))}.</p>` : ''}
${total.unconfirmed_nano_usd > 0 ? `<p>${dollars(total.unconfirmed_nano_usd).text} of the spend rests on prices that nobody looked up: ${escape(namesOf(figures.models.filter(({ unconfirmed_nano_usd: nano }) => nano > 0)))}.</p>` : ''}
${total.partly_unpriced > 0 ? `<p>${count(total.partly_unpriced).text} calls used something that has no price, and cost more than is counted: ${escape(namesOf(figures.models.filter(({ partly_unpriced: calls }) => calls > 0)))}.</p>` : ''}
${total.estimated_nano_usd > 0 ? `<p>${dollars(total.estimated_nano_usd).text} of the spend is estimated: nobody reported the tokens of calls that were left or broke off.</p>` : ''}
${total.abandoned_nano_usd > 0 ? `<p>Attempts of which nobody got anything may have cost ${dollars(total.abandoned_nano_usd).text} more.</p>` : ''}
</header>
<nav aria-label="Sections"><ul>${sections.map(({ id, title: name }) => `<li><a href="#${id}">${escape(name)}</a></li>`).join('')}</ul></nav>
<main id="main">
${totals(figures)}
${sections.map(sectionHtml).join('\n')}
</main>
</body>
</html>
`;
}

const namesMost = 10;

/** The first of them, in words. */
function namesOf(parts: readonly Part[]): string {
  const names = parts.slice(0, namesMost).map(({ name }) => name ?? 'no model');
  return [...names, ...(parts.length > namesMost ? [`and ${parts.length - namesMost} more`] : [])].join(', ');
}

function totals({ total, refusals, bill }: Figures): string {
  const refused = refusals.reduce((sum, { events }) => sum + events, 0);
  const facts: [string, string][] = [
    ['Spend at the providers', dollars(total.cost_nano_usd).text],
    ['Events', count(total.events).text],
    ['Units charged', count(total.units).text],
    ['Tokens', count(total.tokens).text],
    ['Refusals', count(refused).text],
    ...(bill === null
      ? []
      : ([
          ['Spend, Google’s bill included', microDollars(bill.total_micro_usd).text],
          ['Unexplained of Google’s bill', share(bill.unexplained_micro_usd, bill.google_micro_usd)],
        ] as [string, string][])),
  ];
  return `<dl class="totals">${facts.map(([name, value]) => `<div><dt>${escape(name)}</dt><dd>${escape(value)}</dd></div>`).join('')}</dl>`;
}

function sectionsOf(figures: Figures): Section[] {
  const { days, functions, features, models, subscriptions } = figures;
  const dayBars = (member: 'cost_nano_usd' | 'events', show: (value: number) => Exclude<Cell, string>): Bar[] =>
    days.map((day) => ({
      label: day.day,
      value: member === 'events' ? day.events : day.cost_nano_usd / 1e9,
      title: `${day.day}: ${show(day[member]).text}`,
    }));
  const dayTable = {
    heading: ['Day', ...sumHeadings, 'Final'],
    body: days.map((day) => [day.day, ...sumCells(day), day.final ? 'yes' : 'not yet']),
    total: ['Total', ...sumCells(figures.total), ''],
  };
  const breakdown = (id: string, title: string, label: string, parts: readonly Part[], none: string): Section => ({
    id,
    title,
    note: `List price and use by ${label.toLowerCase()}, dearest first.`,
    chart:
      parts.length === 0
        ? null
        : rows(
            title,
            'US dollars',
            parts.map(({ name, cost_nano_usd: cost }) => ({
              label: name ?? none,
              value: cost / 1e9,
              title: `${name ?? none}: ${dollars(cost).text}`,
            })),
          ),
    heading: [label, ...sumHeadings],
    body: parts.map((part) => [part.name ?? none, ...sumCells(part)]),
    total: ['Total', ...sumCells(figures.total)],
  });
  return [
    {
      id: 'spend',
      title: 'Spend by day',
      note: 'List price of what the providers served.',
      chart: days.length === 0 ? null : columns('Spend by day', 'US dollars', dayBars('cost_nano_usd', dollars)),
      ...dayTable,
    },
    {
      id: 'requests',
      title: 'Requests by day',
      note: 'Every event: served calls, failed calls, refusals.',
      chart: days.length === 0 ? null : columns('Requests by day', 'events', dayBars('events', count)),
      heading: ['Day', 'Events', 'Units charged'],
      body: days.map((day) => [day.day, count(day.events), count(day.units)]),
      total: ['Total', count(figures.total.events), count(figures.total.units)],
    },
    ...billSection(figures),
    breakdown('functions', 'Spend by function', 'Function', functions, 'none'),
    breakdown('features', 'Spend by feature', 'Feature', features, 'no feature'),
    breakdown('models', 'Spend by model', 'Model', models, 'no model'),
    breakdown('subscriptions', 'Spend by subscription', 'Subscription', subscriptions, 'none'),
    tagSection(figures),
    quotaSection(figures),
    refusalSection(figures),
    latencySection(figures),
  ];
}

function billSection({ bill }: Figures): Section[] {
  if (bill === null) return [];
  const seriesOf = (part: string): string =>
    part === 'llm' ? 'providers' : part === 'unexplained' ? 'unexplained' : 'Google';
  const bars = Map.groupBy(bill.parts, ({ function: name, part }) => `${name}, ${seriesOf(part)}`);
  const pieces = [...bars].map(([title, parts]) => {
    const micro = parts.reduce((sum, { micro_usd }) => sum + micro_usd, 0);
    const [first] = parts;
    return {
      label: first?.function ?? '',
      series: seriesOf(first?.part ?? ''),
      value: micro / 1e6,
      title: `${title}: ${microDollars(micro).text}`,
    };
  });
  return [
    {
      id: 'bill',
      title: 'Cost of functions, Google’s bill included',
      note: `Unexplained by any function: ${microDollars(bill.unexplained_micro_usd).text}, ${share(bill.unexplained_micro_usd, bill.google_micro_usd)} of Google’s bill.`,
      chart: pieces.length === 0 ? null : stacked('Cost of functions', 'US dollars', pieces, 'rows'),
      heading: ['Function', 'Part', 'Cost'],
      body: bill.parts.map(({ function: name, part, micro_usd }) => [name, part, microDollars(micro_usd)]),
      total: ['Total', '', microDollars(bill.total_micro_usd)],
    },
  ];
}

function tagSection({ tags }: Figures): Section {
  // Without one tag there is nothing to tell apart.
  const shown = tags.every(({ tag }) => tag === null) ? [] : tags;
  return {
    id: 'tags',
    title: 'Spend by tag',
    note: 'Tags of calls, then tags of subscriptions; each half has all calls. A call of several tags is in the line of each.',
    chart:
      shown.length === 0
        ? null
        : rows(
            'Spend by tag',
            'US dollars',
            shown.slice(0, 25).map(({ tag, tagged_by, cost_nano_usd: cost }) => ({
              label: `${tag ?? 'no tag'} (${tagged_by})`,
              value: cost / 1e9,
              title: `${tag ?? 'no tag'}, of the ${tagged_by}: ${dollars(cost).text}`,
            })),
          ),
    heading: ['Tag', 'Of', 'Callers', 'Calls', 'Tokens', 'Unpriced', 'Spend'],
    body: shown.map(({ tag, tagged_by, callers, calls, tokens, unpriced, cost_nano_usd: cost }) => [
      tag ?? 'no tag',
      tagged_by,
      count(callers),
      count(calls),
      count(tokens),
      count(unpriced),
      dollars(cost),
    ]),
    total: null,
  };
}

function quotaSection({ quotas }: Figures): Section {
  const shown = quotas.slice(0, 25);
  return {
    id: 'quotas',
    title: 'Use of quotas',
    note: 'Units that counted against each quota in its latest window, and the highest threshold that a notice was about in it.',
    chart:
      shown.length === 0
        ? null
        : rows(
            'Use of quotas',
            'units',
            shown.map(({ subscription, feature, units }) => ({
              label: `${subscription.slice(0, 12)} ${feature}`,
              value: units,
              title: `${subscription} ${feature}: ${count(units).text} units`,
            })),
          ),
    heading: ['Subscription', 'Feature', 'Units in its latest window', 'Threshold reached', 'Calls refused'],
    body: quotas.map(({ subscription, feature, units, noticed, refused }) => [
      subscription,
      feature,
      count(units),
      noticed === null ? 'none' : `${noticed} %`,
      count(refused),
    ]),
    total: null,
  };
}

function refusalSection({ refusals }: Figures): Section {
  const pieces = refusals.map(({ day, cause, events }) => ({
    label: day,
    series: cause,
    value: events,
    title: `${day}, ${cause}: ${count(events).text}`,
  }));
  return {
    id: 'refusals',
    title: 'Refusals',
    note: 'By cause: quota, concurrency (burst or calls in flight), denied access, unknown tokens.',
    chart: pieces.length === 0 ? null : stacked('Refusals by day', 'events', pieces, 'columns'),
    heading: ['Day', 'Cause', 'Events'],
    body: refusals.map(({ day, cause, events }) => [day, cause, count(events)]),
    total: ['Total', '', count(refusals.reduce((sum, { events }) => sum + events, 0))],
  };
}

function latencySection({ latency }: Figures): Section {
  const series = [
    ['gateway_p50', 'ours, median'],
    ['gateway_p95', 'ours, 95th percentile'],
    ['provider_p50', 'provider, median'],
    ['provider_p95', 'provider, 95th percentile'],
  ] as const;
  const dots = latency.slice(0, 25).flatMap((row) =>
    series.flatMap(([member, name]) => {
      const ms = row[member];
      // A logarithm has no zero: below a millisecond is one.
      return ms === null
        ? []
        : [{ label: row.model, series: name, value: Math.max(1, ms), title: `${row.model}, ${name}: ${ms} ms` }];
    }),
  );
  return {
    id: 'latency',
    title: 'Latency, ours and the provider’s',
    note: 'Milliseconds of served calls: the gateway’s own, and the provider’s to the end of its answer.',
    chart: dots.length === 0 ? null : points('Latency by model', 'milliseconds, logarithmic', dots),
    heading: ['Model', 'Calls', 'Ours, median', 'Ours, 95 %', 'Provider, median', 'Provider, 95 %'],
    body: latency.map((row) => [row.model, count(row.calls), ...series.map(([member]) => milliseconds(row[member]))]),
    total: null,
  };
}

function sectionHtml({ id, title, note, chart, heading, body, total }: Section): string {
  const head = `<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${escape(title)}</h2>
<p>${escape(note)}</p>`;
  if (body.length === 0) return `${head}\n<p>Nothing in this time.</p>\n</section>`;
  const cell = (content: Cell, i: number): string => {
    const tag = i === 0 ? 'th scope="row"' : 'td';
    return `<${typeof content === 'string' ? tag : `${tag} class="number"`}>${escape(typeof content === 'string' ? content : content.text)}</${i === 0 ? 'th' : 'td'}>`;
  };
  const numeric = (i: number): boolean => typeof body[0]?.[i] === 'object';
  return `${head}
${chart === null ? '' : `<div class="chart">${chart}</div>`}
<div class="table" role="region" tabindex="0" aria-label="${escape(title)}, table">
<table>
<thead><tr>${heading.map((name, i) => `<th scope="col"${numeric(i) ? ' class="number"' : ''}>${escape(name)}</th>`).join('')}</tr></thead>
<tbody>
${body.map((line) => `<tr>${line.map(cell).join('')}</tr>`).join('\n')}
</tbody>
${total === null ? '' : `<tfoot><tr>${total.map(cell).join('')}</tr></tfoot>`}
</table>
</div>
<p class="csv"><a download="${id}.csv" href="data:text/csv;charset=utf-8;base64,${Buffer.from(csv(heading, body)).toString('base64')}">${escape(title)} as CSV</a></p>
</section>`;
}

/** RFC 4180, numbers unrounded. A text that a spreadsheet would run as a formula is quoted as one. */
function csv(heading: readonly string[], body: Section['body']): string {
  const field = (content: Cell): string => {
    if (typeof content !== 'string') return String(content.value);
    const harmless = /^[=+\-@\t\r]/.test(content) ? `'${content}` : content;
    return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
  };
  return [heading, ...body].map((line) => `${line.map(field).join(',')}\r\n`).join('');
}

const sumHeadings = ['Spend', 'Of it unconfirmed', 'Events', 'Units charged', 'Tokens', 'Without price'] as const;

function sumCells(sums: Sums): Cell[] {
  return [
    dollars(sums.cost_nano_usd),
    dollars(sums.unconfirmed_nano_usd),
    count(sums.events),
    count(sums.units),
    count(sums.tokens),
    count(sums.unpriced),
  ];
}

const wholeNumber = new Intl.NumberFormat('en-US');

function count(value: number): Exclude<Cell, string> {
  return { value, text: wholeNumber.format(value) };
}

/** Two decimals; small sums to the last nano-dollar that says something. */
function dollars(nano: number): Exclude<Cell, string> {
  const value = nano / 1e9;
  const digits = nano === 0 || Math.abs(value) >= 1 ? 2 : Math.abs(value) >= 0.001 ? 6 : 9;
  const text = value.toLocaleString('en-US', {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  });
  return { value, text };
}

/** Google's bill has millionths. */
function microDollars(micro: number): Exclude<Cell, string> {
  return dollars(micro * 1_000);
}

function milliseconds(value: number | null): Cell {
  return value === null ? 'unknown' : { value, text: `${wholeNumber.format(value)} ms` };
}

function share(part: number, whole: number): string {
  return whole === 0 ? '0 %' : `${((part * 100) / whole).toFixed(2)} %`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
