// The report as finance opens it: figures that agree with the table, a page that needs nobody else, read in a browser
// in both themes, on paper and by keyboard.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { TagSpend } from '@cody-gateway/shared/console';
import { closeDay, createLedger, dueDays } from '@cody-gateway/shared/events';
import { startBigQuery, type LocalBigQuery } from '../local/google/bigquery/bigquery.ts';
import { createBillingExport, createEventsDataset } from '../local/google/bigquery/events-dataset.ts';

/** What scripts read of it. */
interface Sums {
  readonly events: number;
  readonly units: number;
  readonly tokens: number;
  readonly cost_nano_usd: number;
  readonly unconfirmed_nano_usd: number;
  readonly unpriced: number;
}
type Parts = readonly (Sums & { readonly name: string })[];
interface Figures extends Record<'functions' | 'features' | 'models' | 'subscriptions' | 'customer_models', Parts> {
  readonly total: Sums;
  readonly days: readonly (Sums & { readonly day: string; readonly final: boolean })[];
  readonly tags: readonly TagSpend[];
  readonly quotas: readonly { readonly units: number; readonly limit: number | null }[];
  readonly outcomes: readonly { readonly what: string; readonly events: number; readonly cost_nano_usd: number }[];
  readonly cache: readonly {
    readonly model: string;
    readonly read_tokens: number;
    readonly saved_nano_usd: number | null;
  }[];
  readonly refusals: readonly { readonly events: number }[];
  readonly latency: readonly { readonly gateway_p50: number | null; readonly provider_p50: number | null }[];
  readonly bill: Readonly<Record<'total_micro_usd' | 'google_micro_usd' | 'unexplained_micro_usd', number>> | null;
}

const project = 'local-cloud';
const evil = `<script>alert(1)</script>"&'`;
/** Debian's; elsewhere GATEWAY_CHROMIUM names one. */
const browserPath = process.env['GATEWAY_CHROMIUM'] ?? '/usr/bin/chromium';
/** Where the screenshots go, to be looked at; nowhere where it is not named. */
const shotsDir = process.env['GATEWAY_REPORT_SHOTS'];

let warehouse: LocalBigQuery;
let folder: string;
let file: string;
let browser: Browser | null = null;

before(async () => {
  warehouse = await createEventsDataset(await startBigQuery(), project);
  await createBillingExport(warehouse, project);
  await fill();
  // What is older than ten days is known of days that are closed.
  const ledger = createLedger({
    bigqueryProjectId: project,
    bigqueryDataset: 'cody_gateway',
    bigqueryTable: 'events',
    bigqueryEndpoint: warehouse.url,
  });
  for (const due of await dueDays(ledger, 40)) await closeDay(ledger, due);
  folder = await mkdtemp(path.join(tmpdir(), 'gateway-report-'));
  file = path.join(folder, 'report.html');
  const { code, out, err } = await report('--out', file, '--billing');
  assert.equal(code, 0, err);
  assert.match(out, /\d charged calls have no price and count as nothing\n/);
  assert.match(out, /\d calls used something that has no price, and cost more than is counted\n/);
  if (existsSync(browserPath))
    browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu'] });
});
after(async () => {
  await browser?.close();
  await warehouse.close();
  if (shotsDir !== undefined) await copyFile(file, path.join(shotsDir, 'report.html'));
  await rm(folder, { recursive: true });
});

/** A month of usage of three subscriptions, with refusals, notices and a bill; one model has a name that means harm. */
async function fill(): Promise<void> {
  await warehouse.rows('SELECT setseed(0.5)');
  await warehouse.rows(`
    INSERT INTO events (name, source, identifier, created_at, metadata, event_id, rank, function, feature, model, provider, units, quota_window, quota_units, count, tokens, cost_micro_usd, price_version, gateway_ms, tags, call_tags)
    SELECT
      CASE WHEN a < 0.93 THEN 'CompletionsFinished' ELSE 'RateLimited' END,
      'dotcom-product-subscriptions',
      ['6452a8fc-e650-45a7-a0a2-357f776b3b46', '0d9f2c2e-1111-4c4c-9a9a-000000000001', 'f00dfeed-2222-4c4c-9a9a-000000000002'][1 + CAST(FLOOR(b * b * 3) AS INTEGER)],
      now() - to_milliseconds(CAST(FLOOR(c * 2419200000) AS BIGINT)),
      json_object('cause', CASE WHEN b < 0.7 THEN 'quota' ELSE 'concurrency' END, 'upstream_request_duration_ms', CAST(FLOOR(300 + d * d * 9000) AS INTEGER),
        'notice_percent', CASE WHEN i % 97 = 0 THEN 90 END, 'cache_read_token_count', CASE WHEN d < 0.5 THEN 900 END,
        'resolved_status_code', CASE WHEN i % 41 = 0 THEN -1 ELSE 200 END),
      'id-' || i, 1,
      CASE WHEN d < 0.6 THEN 'chat-completions' ELSE 'code-completions' END,
      CASE WHEN d < 0.6 THEN 'chat_completions' ELSE 'code_completions' END,
      ['anthropic/claude-3-haiku-20240307', 'openai/gpt-4o', 'anthropic/claude-3-5-sonnet-20240620', '${evil.replaceAll("'", "''")}'][1 + CAST(FLOOR(d * d * 4) AS INTEGER)],
      'p',
      CASE WHEN a < 0.93 THEN 1 ELSE 0 END,
      CASE WHEN a < 0.93 THEN 'window-' || CAST(FLOOR(c * 28) AS INTEGER) END,
      CASE WHEN a < 0.93 THEN 1 ELSE 0 END, 1,
      CASE WHEN a < 0.93 THEN CAST(FLOOR(d * 4000) AS INTEGER) END,
      CASE WHEN a < 0.9 THEN CAST(FLOOR(d * 30000) AS INTEGER) END,
      'genai-prices 0, overrides 2026-01-01' || CASE WHEN d < 0.5 THEN ', unconfirmed' ELSE '' END || CASE WHEN i % 100 = 0 THEN ', unpriced dimensions' ELSE '' END,
      CASE WHEN a < 0.93 THEN CAST(FLOOR(1 + b * 20) AS INTEGER) END,
      CASE WHEN b < 0.5 THEN '["gold"]' END,
      CASE WHEN c < 0.3 THEN '["team=search"]' WHEN c < 0.6 THEN '["team=<b>ads</b>"]' END
    FROM (SELECT i, random() AS a, random() AS b, random() AS c, random() AS d FROM range(5000) r(i))`);
  await warehouse.rows(`
    INSERT INTO gcp_billing_export (service, usage_start_time, project, labels, cost, currency_conversion_rate, credits)
    SELECT {id: service, description: service}, now() - to_days(CAST(day AS INTEGER)), {id: '${project}', name: 'p'},
      CASE WHEN component = '' THEN [] ELSE [{key: 'component', value: component}] END, cost, 1, []
    FROM range(28) r(day), (VALUES ('Cloud Run', 'chat-completions', 1.2), ('Cloud Run', 'deliver-events', 0.1),
      ('Cloud Memorystore for Redis', '', 1.6), ('Cloud Tasks', '', 0.02), ('BigQuery', '', 0.05), ('Cloud Logging', '', 0.01)) AS bills(service, component, cost)`);
}

const report = (...args: string[]) => reportOf(warehouse, ...args);

/** Runs the command on a warehouse. */
async function reportOf(
  { url }: LocalBigQuery,
  ...args: string[]
): Promise<{ code: number | null; out: string; err: string }> {
  const program = path.resolve(import.meta.dirname, 'operator.ts');
  const all = [program, 'usage', 'report', '--bigquery', url, ...args];
  const env = { ...process.env, METADATA_SERVER_DETECTION: 'none', GATEWAY_CLOUD_FILE: '/no/such/cloud.json' };
  const child = spawn(process.execPath, all, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(child, 'exit');
  const [out, err] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  return { code: (await exit)[0] as number | null, out: out.join(''), err: err.join('') };
}

test('the figures: every breakdown sums to the total, and the total is the table’s', async () => {
  const { out } = await report('--json', '--billing', 'yes');
  const figures = JSON.parse(out) as Figures;
  const [table] = await warehouse.rows(
    'SELECT SUM(count) AS events, SUM(units) AS units, SUM(cost_nano_usd) AS cost FROM events_unique',
  );
  const { total } = figures;
  assert.deepEqual(
    [total.events, total.units, total.cost_nano_usd],
    [Number(table?.['events']), Number(table?.['units']), Number(table?.['cost'])],
  );
  for (const parts of [
    figures.days,
    figures.functions,
    figures.features,
    figures.models,
    figures.subscriptions,
    figures.customer_models,
  ])
    for (const member of ['events', 'units', 'tokens', 'cost_nano_usd', 'unconfirmed_nano_usd', 'unpriced'] as const)
      assert.equal(
        parts.reduce((sum, part) => sum + part[member], 0),
        total[member],
      );
  for (const half of ['call', 'subscription'] as const) {
    // Each call has one tag of the kind at the most: together they are all calls, and all that was spent.
    const tags = figures.tags.filter(({ tagged_by }) => tagged_by === half);
    assert.equal(tags.length, half === 'call' ? 3 : 2);
    assert.equal(
      tags.reduce((sum, { calls }) => sum + calls, 0),
      total.units,
    );
    assert.equal(
      tags.reduce((sum, { cost_nano_usd: cost }) => sum + cost, 0),
      total.cost_nano_usd,
    );
  }
  // d < 0.5 is the first model, and it alone.
  assert.ok(total.unconfirmed_nano_usd > 0 && total.unpriced > 0);
  assert.deepEqual(
    figures.models.filter((part) => part.unconfirmed_nano_usd > 0).map(({ name }) => name),
    ['anthropic/claude-3-haiku-20240307'],
  );
  assert.equal(figures.quotas.length, 6);
  // Nobody said what they may use: no directory is here.
  assert.ok(figures.quotas.every(({ limit }) => limit === null));
  for (const member of ['events', 'cost_nano_usd'] as const)
    assert.equal(
      figures.outcomes.reduce((sum, one) => sum + one[member], 0),
      total[member],
    );
  const left = figures.outcomes.find(({ what }) => what === 'caller left');
  assert.ok(left !== undefined && left.cost_nano_usd > 0);
  const haiku = figures.cache.find(({ model }) => model === 'anthropic/claude-3-haiku-20240307');
  assert.ok(haiku !== undefined && haiku.read_tokens > 0 && Number(haiku.saved_nano_usd) > 0);
  assert.ok(figures.refusals.reduce((sum, { events }) => sum + events, 0) === total.events - total.units);
  assert.ok(figures.latency.every(({ gateway_p50: ours, provider_p50: theirs }) => (ours ?? 0) < (theirs ?? 0)));
  const { bill } = figures;
  assert.ok(bill !== null && bill.unexplained_micro_usd / bill.google_micro_usd < 0.01);
  assert.ok(Math.abs(bill.total_micro_usd - total.cost_nano_usd / 1_000 - 28 * 2_980_000) < 1000);
});

test('a longer list is cut, and its rest stands in one line', async () => {
  const { out } = await report('--json', '--days', '1');
  const before = JSON.parse(out) as Figures;
  await warehouse.rows(`
    INSERT INTO events (name, source, identifier, created_at, event_id, rank, function, model, units, quota_units, count, cost_micro_usd)
    SELECT 'CompletionsFinished', 's', 'many-' || i, now(), 'many-' || i, 1, 'f', 'm', 1, 0, 1, 10 FROM range(240) r(i)`);
  const figures = JSON.parse((await report('--json', '--days', '1')).out) as Figures;
  await warehouse.rows("DELETE FROM events WHERE source = 's'");
  assert.equal(figures.subscriptions.length, 201);
  assert.equal(figures.subscriptions.at(-1)?.name, 'all others');
  assert.equal(figures.total.cost_nano_usd, before.total.cost_nano_usd + 2_400_000);
  assert.equal(
    figures.subscriptions.reduce((sum, part) => sum + part.cost_nano_usd, 0),
    figures.total.cost_nano_usd,
  );
});

test('what is wrong on the command line is said; an empty warehouse makes a page too', async (t) => {
  assert.equal((await report('--days', '0')).code, 2);
  const nowhere = await report('--out', path.join(folder, 'none', 'x.html'));
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.err, /x\.html can’t be written: there is no folder .*none\n/);
  assert.match((await report('--days', '0')).err, /--days "0" is not a whole number from 1 to 366/);
  const empty = await createEventsDataset(await startBigQuery(), project);
  t.after(() => empty.close());
  const out = path.join(folder, 'empty.html');
  const { code, err } = await reportOf(empty, '--out', out);
  assert.equal(code, 0, err);
  assert.match(await readFile(out, 'utf8'), /Nothing in these days\./);
});

test('the page asks nobody for anything and runs nothing', async () => {
  const html = await readFile(file, 'utf8');
  assert.doesNotMatch(html, /<script/i);
  assert.doesNotMatch(html, /(src|href)="(?!#|data:)/);
  assert.doesNotMatch(html, /url\(|@import/);
  assert.match(html, /not final/);
  assert.match(html, /charged calls of these two months have no price: they count as nothing here/);
  assert.match(html, /At unconfirmed prices/);
  assert.match(html, /Names of customers are not known/);
  assert.match(html, /Forecast for the month/);
});

/** A page with the report in it; skipped, and said so, where there is no browser. */
function inBrowser(name: string, work: (page: Page) => Promise<void>): void {
  test(name, async (t) => {
    if (browser === null) {
      // The gate installs it: there a missing browser is a failure.
      assert.equal(process.env['CI'], undefined, `no browser at ${browserPath}`);
      return t.skip(`no browser at ${browserPath}: install Debian's chromium, or name one with GATEWAY_CHROMIUM`);
    }
    const page = await browser.newPage({ viewport: { width: 1000, height: 900 } });
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) faults.push(request.url());
    });
    await page.goto(`file://${file}`);
    await work(page);
    await page.close();
    assert.deepEqual(faults, []);
  });
}

async function shoot(page: Page, name: string): Promise<void> {
  if (shotsDir === undefined) return;
  await mkdir(shotsDir, { recursive: true });
  await page.screenshot({ path: path.join(shotsDir, `${name}.png`), fullPage: true });
}

inBrowser('every section has its figures, and each table its CSV', async (page) => {
  const ids = await page.evaluate<string[]>('[...document.querySelectorAll("section")].map((section) => section.id)');
  const overview = ['month', 'days', 'movers', 'certainty', 'faults'];
  const breakdowns = ['spend', 'models', 'customers', 'customer-models', 'features', 'functions', 'bill', 'tags'];
  assert.deepEqual(ids, [...overview, ...breakdowns, 'quotas', 'outcomes', 'cache', 'refusals', 'latency']);
  for (const chart of ['#month', '#spend']) {
    const box = await page.locator(`${chart} svg[role=img]`).boundingBox();
    assert.ok(box !== null && box.width > 300 && box.height > 60, chart);
  }
  for (const id of ids) {
    const section = page.locator(`section[id="${id}"]`);
    if ((await section.locator('table').count()) === 0) {
      assert.ok((await section.locator('.facts > div').count()) > 3, id);
      continue;
    }
    const lines = await section.locator('tbody tr').count();
    assert.ok(lines > 0, id);
    const link = await section.locator('a.csv').getAttribute('href');
    const csv = Buffer.from(link?.split('base64,')[1] ?? '', 'base64').toString('utf8');
    assert.equal(csv.trimEnd().split('\r\n').length, lines + 1, id);
  }
  assert.ok((await page.locator('#models').textContent())?.includes(evil));
  // A day without traffic is a day all the same.
  assert.equal(await page.locator('#spend tbody tr').count(), 30);
  // Nothing sticks out of the page.
  assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
  await shoot(page, 'light');
});

const luminance = `((selector, property) => {
  const [r, g, b] = getComputedStyle(document.querySelector(selector))[property].match(/[\\d.]+/g).map((part) => {
    const c = part / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
})`;

async function contrast(page: Page, selector: string, property: string): Promise<number> {
  const front = Number(await page.evaluate(`${luminance}(${JSON.stringify(selector)}, ${JSON.stringify(property)})`));
  const back = Number(await page.evaluate(`${luminance}('body', 'backgroundColor')`));
  return (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
}

inBrowser('in both themes text and bars stand out from the paper (WCAG AA)', async (page) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    assert.ok((await contrast(page, 'body', 'color')) > 7, colorScheme);
    assert.ok((await contrast(page, '.origin', 'color')) > 4.5, colorScheme);
    assert.ok((await contrast(page, 'a.csv', 'color')) > 4.5, colorScheme);
    assert.ok((await contrast(page, 'rect.bar', 'fill')) > 3, colorScheme);
    assert.ok((await contrast(page, '.labels', 'color')) > 4.5, colorScheme);
  }
  await shoot(page, 'dark');
});

inBrowser('by keyboard: past the sections to the figures, into tables that scroll, to each CSV', async (page) => {
  const focused = (): Promise<string> =>
    page.evaluate<string>('document.activeElement.textContent.trim().slice(0, 40)');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to the figures');
  await page.keyboard.press('Enter');
  assert.match(page.url(), /#main$/);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate('document.activeElement.getAttribute("aria-label")'), 'Days, table');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate('document.activeElement.getAttribute("aria-label")'), 'Days as CSV');
});

inBrowser('on paper the tables are whole, and nothing that only a screen can use is left', async (page) => {
  await page.emulateMedia({ media: 'print' });
  // What an A4 sheet leaves between Chromium's margins, at 96 pixels an inch: nothing sticks out of it.
  await page.setViewportSize({ width: 718, height: 1000 });
  assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
  assert.equal(await page.locator('.csv').first().isVisible(), false);
  const cut =
    '[...document.querySelectorAll(".table")].filter((table) => table.scrollHeight > table.clientHeight + 1).length';
  assert.equal(await page.evaluate(cut), 0);
  // A browser repeats what stands in the foot of a table on every sheet: no total may be there.
  const foot = 'getComputedStyle(document.querySelector("tfoot")).display';
  assert.equal(await page.evaluate(foot), 'table-row-group');
  const pdf = await page.pdf({ format: 'A4' });
  assert.ok(pdf.length > 10_000);
  if (shotsDir !== undefined) await writeFile(path.join(shotsDir, 'a4.pdf'), pdf);
  await shoot(page, 'print');
});

inBrowser('on a narrow screen the page does not scroll sideways', async (page) => {
  await page.setViewportSize({ width: 380, height: 800 });
  assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
  await shoot(page, 'narrow');
});
