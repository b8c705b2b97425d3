// A page as one HTML document: no script, nothing fetched, the same for a browser and for a file. Tables are
// table-html.ts.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { barsHtml } from './bars.ts';
import { countText, moneyText, percentText, timeText, unknownText } from './cell-text.ts';
import { Html, html, type Content } from './html.ts';
import type { Fact, Origin, Page, Search, Section } from './page.ts';
import { tableHtml } from './table-html.ts';

const css = readFileSync(new URL('./console.css', import.meta.url), 'utf8');
const cssHash = createHash('sha256').update(css).digest('base64');
/** The policy knows it by its hash, which one more space would change. */
const style = new Html(`<style>${css}</style>`);

/** Nothing may run, nothing is fetched; the one style sheet is known by its hash. */
export const contentPolicy = `default-src 'none'; style-src 'sha256-${cssHash}'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;

/** What stands around every page. */
export interface Frame {
  /** Of the deployment, such as `prod`. */
  readonly environment: string;
  /** Who reads it, by name; null: nobody was asked for one. */
  readonly reader: string | null;
  /** When it was made, Unix ms: ages are told by it. */
  readonly nowMs: number;
  /** Where a section's CSV is; null: there is none. */
  readonly csvOf: (section: Section) => string | null;
  /** Links to the other pages; empty in a file. */
  readonly menu: readonly { readonly text: string; readonly href: string }[];
}

/** The document. */
export function pageHtml(page: Page, frame: Frame): string {
  const { title, lead, warnings, search, sections, pages } = page;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} · Cody Gateway</title>
        <link rel="icon" href="data:," />
        ${style}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the figures</a>
        <header class="bar-top">
          <strong>Cody Gateway</strong>${menuHtml(page, frame)}<span class="where">${frame.environment}</span>
        </header>
        <main id="main">
          <h1><bdi>${title}</bdi></h1>
          <p class="lead">${lead}</p>
          ${
            warnings.length > 0 &&
            html`<ul class="warnings">
              ${warnings.map((warning) => html`<li>${warning}</li>`)}
            </ul>`
          }
          ${search !== null && searchHtml(page.path, search)} ${sections.map((section) => sectionHtml(section, frame))}
          ${pages !== null && html`<nav class="pages" aria-label="Pages of the list">${pages.before !== null && html`<a href="${pages.before}" rel="prev">Before</a>`}<span>${pages.now}</span>${pages.after !== null && html`<a href="${pages.after}" rel="next">After</a>`}</nav>`}
        </main>
        <footer>
          Made ${timeText(frame.nowMs)}${frame.reader !== null && ` for ${frame.reader}`}. Money is in US dollars: the
          providers’ price, and Google’s where that is said. This page reads and changes nothing.
        </footer>
      </body>
    </html> `.text;
}

function menuHtml({ path }: Page, { menu }: Frame): Content {
  if (menu.length === 0) return null;
  const own = menu.toSorted((a, b) => b.href.length - a.href.length).find(({ href }) => path.startsWith(href));
  return html`<nav aria-label="Pages">
    <ul>
      ${menu.map((one) =>
        one === own
          ? html`<li><a href="${one.href}" aria-current="page">${one.text}</a></li>`
          : html`<li><a href="${one.href}">${one.text}</a></li>`,
      )}
    </ul>
  </nav>`;
}

function searchHtml(path: string, { label, name, value, hint }: Search): Html {
  return html`<form action="${path}" method="get" role="search">
    <label
      >${label}<input
        name="${name}"
        value="${value}"
        placeholder="${hint}"
        maxlength="200"
        autocomplete="off"
        spellcheck="false" /></label
    ><button>Search</button>
  </form>`;
}

function sectionHtml(section: Section, frame: Frame): Html {
  const { id, title, note, facts, chart, table, fault } = section;
  const csv = table === null || table.rows.length === 0 ? null : frame.csvOf(section);
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${note !== null && html`<p class="note">${note}</p>`} ${fault !== null && html`<p class="fault">${fault}</p>`}
    ${facts.length > 0 && html`<dl class="facts">${facts.map(factHtml)}</dl>`}
    ${chart !== null && chart.bars.length > 0 && barsHtml(chart)} ${table !== null && tableHtml(title, table)}
    ${(section.origins.length > 0 || csv !== null) && html`<p class="origin">${section.origins.map((origin) => originHtml(origin, frame.nowMs))}${csv !== null && html`<a class="csv" href="${csv}" download="${id}.csv" aria-label="${title} as CSV">CSV</a>`}</p>`}
  </section> `;
}

function factHtml({ label, kind, value, note, tone }: Fact): Html {
  return html`<div>
    <dt>${label}</dt>
    <dd class="value ${tone}">${factText(kind, value)}</dd>
    ${note !== null && html`<dd class="small">${note}</dd>`}
  </div>`;
}

function factText(kind: Fact['kind'], value: Fact['value']): string {
  if (value === null) return unknownText;
  if (typeof value === 'string') return value;
  if (kind === 'money') return moneyText(value);
  if (kind === 'percent') return percentText(value);
  return kind === 'time' ? timeText(value) : countText(value);
}

function originHtml({ source, readAtMs, note }: Origin, nowMs: number): Html {
  return html`<span>From ${source}, read ${ageText(nowMs - readAtMs)}${note !== undefined && `; ${note}`}.</span>`;
}

function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 2) return 'just now';
  return seconds < 120 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`;
}
