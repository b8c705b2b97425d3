// One request for a page: the door first, then the page as HTML or one of its tables as CSV, with headers that let
// nothing run and nothing be kept. Not what is on it (pages.ts).

import { contentPolicy, html, pageHtml, tableCsv, type Page, type Section } from '@cody-gateway/shared/console';
import { answer } from '@cody-gateway/shared/http';
import type { Exchange } from '@cody-gateway/shared/serve';
import type { Gate } from './gate.ts';

/** A page, or that there is none; in plain words. */
export type Outcome = Page | { readonly missing: string };

/** What is said of a path that has no page. */
export const notFound: Outcome = { missing: 'There is no such page.' };

const menu = [
  { text: 'Overview', href: '/console' },
  { text: 'Customers', href: '/console/customers' },
  { text: 'Models', href: '/console/models' },
  { text: 'Functions', href: '/console/functions' },
  { text: 'Requests', href: '/console/requests' },
];

const headers = {
  'content-security-policy': contentPolicy,
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** @param read makes the page out of what stands behind the question mark */
export async function answerPage(
  { context, received, scope }: Exchange,
  gate: Gate,
  read: (asked: URLSearchParams) => Promise<Outcome>,
): Promise<void> {
  Object.assign(received.replyHeaders, headers);
  const verdict = await gate(received);
  if ('refused' in verdict) {
    scope.annotate({ detail: verdict.refused });
    return say(received, 403, 'This page is for those whom Identity-Aware Proxy lets in.');
  }
  const asked = new URLSearchParams(received.query);
  const page = await read(asked);
  if ('missing' in page) return say(received, 404, page.missing);
  if (asked.get('format') === 'csv') return answerCsv(received, page, asked.get('table'));
  const text = pageHtml(page, {
    environment: context.config.environment,
    reader: verdict.reader,
    nowMs: Date.now(),
    csvOf: (section) => addressOf(page, section),
    menu,
  });
  answer(received, 200, { 'content-type': 'text/html; charset=utf-8' }, text);
}

/** One table of the page: the named one, else its first. */
function answerCsv(received: Exchange['received'], { sections }: Page, named: string | null): void {
  const section = sections.find((one) => (named === null ? one.table !== null : one.id === named));
  if (section === undefined) return say(received, 404, 'This page has no such table.');
  if (section.fault !== null) return say(received, 503, section.fault);
  if (section.table === null) return say(received, 404, 'This part of the page has no table.');
  const oldestMs = Math.min(...section.origins.map(({ readAtMs }) => readAtMs));
  const age = Number.isFinite(oldestMs)
    ? { age: String(Math.max(0, Math.round((Date.now() - oldestMs) / 1_000))) }
    : {};
  const type = {
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="${section.id}.csv"`,
  };
  answer(received, 200, { ...type, ...age }, tableCsv(section.table));
}

function addressOf({ path, query }: Page, { id }: Section): string {
  return `${path}?${new URLSearchParams({ ...query, table: id, format: 'csv' }).toString()}`;
}

function say(received: Exchange['received'], status: number, text: string): void {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Cody Gateway</title>
      </head>
      <body>
        <main>
          <h1>${text}</h1>
          <p><a href="/console">Overview</a></p>
        </main>
      </body>
    </html> `;
  answer(received, status, { 'content-type': 'text/html; charset=utf-8' }, page.text);
}
