// The console as people meet it: the running function in a real browser, in both colour schemes, on a phone, on paper
// and by keyboard, with a checker of accessibility; and that no page or file shows a secret or a prompt.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium, type Browser, type Page } from 'playwright-core';
import { setBudget } from '@cody-gateway/shared/directory';
import { openDocuments } from '@cody-gateway/shared/documents';
import { localProject } from '../local/cloud.ts';
import { createBillingExport } from '../local/google/bigquery/events-dataset.ts';
import { startGateway, type TestGateway } from '../local/test-gateway.ts';

/** Debian's; elsewhere GATEWAY_CHROMIUM names one. */
const browserPath = process.env['GATEWAY_CHROMIUM'] ?? '/usr/bin/chromium';
/** Where the screenshots go, to be looked at; nowhere where it is not named. */
const shotsDir = process.env['GATEWAY_CONSOLE_SHOTS'];
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const names = ['Acme', 'Globex — الشركة العالمية', '<script>alert(1)</script> & "Sons"', 'Umbrella\u202Egnp.exe'];
const secret = 'sgd_5eaf00d5eaf00d5eaf00d5eaf00d5eaf';
const prompt = 'PROMPT: how do I hide a body of text';

const author = { who: 'a test', why: 'a test' } as unknown as Parameters<typeof setBudget>[5];

let gateway: TestGateway;
let url = '';
let browser: Browser | null = null;
const ids: string[] = [];

before(async () => {
  gateway = await startGateway({ functions: ['console'] });
  url = gateway.functions.get('console')?.url ?? '';
  for (const name of names) ids.push((await gateway.subscription({ limit: 500 }, { name })).id);
  const documents = openDocuments({ firestoreEmulatorHost: gateway.firestore.host, googleCloudProject: localProject });
  await setBudget(documents, null, ids[0] ?? '', 'subscription', { limitUsd: '10', window: 'month' }, author);
  await documents.close();
  await fill();
  await bill();
  if (existsSync(browserPath))
    browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-gpu'] });
});
after(async () => {
  await browser?.close();
  await gateway.stop();
});

/** What Google bills, a day late: for a function, for one that works for the others, for all, and for no project. */
async function bill(): Promise<void> {
  await createBillingExport(gateway.bigquery, localProject);
  await gateway.bigquery.rows(`
    INSERT INTO gcp_billing_export (service, usage_start_time, project, labels, cost, currency_conversion_rate, credits)
    SELECT {id: service, description: service}, now() - to_days(CAST(1 + day AS INTEGER)), {id: '${localProject}', name: 'p'},
      CASE WHEN component = '' THEN [] ELSE [{key: 'component', value: component}] END, cost, 1, []
    FROM range(7) r(day), (VALUES ('Cloud Run', 'chat-completions', 0.12), ('Cloud Run', 'deliver-events', 0.01),
      ('Cloud Memorystore for Redis', '', 0.16), ('A service of tomorrow', '', 0.02)) AS bills(service, component, cost)`);
}

test('the page of functions says what each is made of, by names that people know, and adds up', async () => {
  const csv = await (await fetch(`${url}/console/functions?format=csv&table=bill`)).text();
  const of = (line: RegExp): number =>
    [...csv.matchAll(line)].reduce((sum, [, amount]) => sum + Number(amount), 0) || assert.fail(`${line} in ${csv}`);
  const models = of(/^[^,\r]*,([\d.]+),providers’ models\r?$/gm);
  const spend = await (await fetch(`${url}/console/functions?format=csv&table=spend`)).text();
  const spent = [...spend.matchAll(/^(?!Function|All)[^,\r]+,([\d.]+),/gm)].reduce(
    (sum, [, amount]) => sum + Number(amount),
    0,
  );
  assert.ok(Math.abs(models - spent) < 1e-5, `${models} and ${spent}`);
  assert.ok(of(/^chat-completions,([\d.]+),"Cloud Run, processor and memory"\r?$/gm) > 0.1);
  assert.ok(of(/^[^,\r]*,([\d.]+),Redis \(Memorystore\)\r?$/gm) > 0.1);
  assert.ok(of(/^no function,([\d.]+),"Google’s bill, of no known part"\r?$/gm) > 0.01);
  const text = await (await fetch(`${url}/console/functions`)).text();
  for (const said of [
    /price that held when a call began/,
    /a day is final 48 hours after its end/,
    /bill_between, read /,
  ])
    assert.match(text.replaceAll(/\s+/g, ' '), said);
});

/** Nine days of usage, and rows with a secret and a prompt in every text that a row can have. */
async function fill(): Promise<void> {
  const own = ids.map((id) => `'${id}'`).join(',');
  await gateway.bigquery.rows(`
    INSERT INTO events (name, source, identifier, created_at, metadata, event_id, rank, function, region, feature, model, provider, units, quota_window, quota_units, count, tokens, cost_nano_usd, price_version, gateway_ms, home, attempts)
    SELECT CASE WHEN i % 20 = 0 THEN 'RateLimited' ELSE 'CompletionsFinished' END, 'dotcom-product-subscriptions', [${own}][1 + i % ${ids.length}],
      now() - to_milliseconds(CAST(FLOOR(i / 2000 * 777600000) AS BIGINT)),
      json_object('cause', 'quota', 'resolved_status_code', CASE WHEN i % 31 = 0 THEN 502 ELSE 200 END, 'upstream_status_code', CASE WHEN i % 31 = 0 THEN 503 ELSE 200 END,
        'upstream_request_duration_ms', 300 + i, 'trace_id', md5('' || i), 'sg_actor_id', 'u' || (i % 7), 'notice_percent', CASE WHEN i % 90 = 0 THEN 90 END,
        'attempts', json_array(json_object('home', 'anthropic-api', 'status', 529, 'ms', 12, 'failure', 'overloaded')),
        'usage', json_object('parts', json_array(json_object('counts', json_object('input', 1200, 'output', 420))))),
      'event-id-' || i, 1, 'chat-completions', 'us-central1', 'chat_completions', 'anthropic/claude-haiku-4-5-20251001', 'anthropic',
      1, 'w', 1, 1, 1620, 3300000 + i, 'claude-haiku-4-5 2026-01-01', 7, 'anthropic-api', 1
    FROM range(2000) r(i)`);
  await gateway.bigquery.rows(`
    INSERT INTO events (name, source, identifier, created_at, metadata, event_id, rank, function, region, feature, model, provider, units, count, tokens, cost_nano_usd, price_version, gateway_ms, home, attempts, tags)
    SELECT n, 'dotcom-product-subscriptions', CASE WHEN m = 0 THEN '${ids[0] ?? ''}' ELSE s END, now() - INTERVAL 1 HOUR,
      json_object('cause', s, 'error', s || ' ${prompt}', 'prompt', '${prompt}', 'messages', json_array('${prompt}'), 'trace_id', md5('s'), 'sg_actor_id', s, 'notice_percent', s,
        'flagging_result', json_object('prompt_prefix', '${prompt}'), 'model', s,
        'attempts', json_array(json_object('home', s, 'failure', '${prompt}')), 'usage', json_object('parts', json_array(json_object('model', s, 'counts', json_object('${prompt}', 5))))),
      'secret-row-' || n || m, 1, s, s, s, s, s, 1, 1, 5, 1000, s, 7, s, 1, json_array(s)
    FROM (SELECT '${secret}' AS s, unnest(['CompletionsFinished', 'RateLimited', 'RequestBlocked']) AS n), range(2) r(m)`);
}

const paths = (): readonly (readonly [name: string, path: string])[] => [
  ['overview', '/console'],
  ['customers', '/console/customers'],
  ['customer', `/console/customers/${ids[0] ?? ''}`],
  ['models', '/console/models'],
  ['functions', '/console/functions'],
  ['request', '/console/requests?id=event-id-31'],
  ['secret-request', '/console/requests?id=secret-row-CompletionsFinished0'],
];

test('every page answers with headers that let nothing run or be kept, each table as a CSV, HEAD too', async () => {
  for (const [name, at] of paths()) {
    const response = await fetch(url + at);
    const text = await response.text();
    assert.equal(response.status, 200, name);
    assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'; style-src 'sha256-/);
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.doesNotMatch(text, /<script|javascript:|\bon\w+=|style="/i, name);
    assert.doesNotMatch(text, /look again later|does not know/, name);
    const tables = [...text.matchAll(/<a\s+class="csv"\s+href="([^"]+)"/g)].map(([, href = '']) => href);
    assert.ok(tables.length > 0, name);
    for (const href of tables) {
      const csv = await fetch(url + href.replaceAll('&amp;', '&'));
      assert.equal(csv.status, 200, href);
      assert.match(csv.headers.get('content-type') ?? '', /^text\/csv/);
      assert.ok((await csv.text()).split('\r\n').length > 2, href);
    }
  }
  assert.equal((await fetch(`${url}/console`, { method: 'HEAD' })).status, 200);
  assert.equal((await fetch(`${url}/console`, { method: 'POST' })).status, 405);
  for (const at of [
    '/console/nothing',
    '/console/customers/a%2Fb',
    '/console/requests?id=%3Cx',
    '/console/requests?id=event-id-1&day=2026-02-31x',
  ])
    assert.equal((await fetch(url + at)).status, 404, at);
});

test('what failed at a home lately is told with its first and latest time, and which budget is spent how far', async () => {
  const csv = await (await fetch(`${url}/console/models?format=csv&table=failures`)).text();
  assert.match(csv, /^anthropic-api,overloaded,\d+,1,20\d\d-\d\d-\d\dT[\d:.]+Z,20\d\d-\d\d-\d\dT[\d:.]+Z$/m);
  const text = await (await fetch(`${url}/console`)).text();
  const [, spent] = /of 1 customers, each its own; \$([\d,.]+) of it spent, [\d.]+ %/.exec(text) ?? [];
  assert.ok(Number(spent) > 0, 'what Acme has spent of its budget');
});

test('a request tells which windows of its limits it was charged to, and what they kept; its customer, which notices it caused', async () => {
  await gateway.bigquery
    .rows(`INSERT INTO events (name, source, identifier, created_at, metadata, event_id, rank, function, feature, units, quota_window, quota_units, count, cost_nano_usd, budget_window, budget_nano_usd, feature_budget_window, feature_budget_nano_usd)
    VALUES ('CompletionsFinished', 'dotcom-product-subscriptions', '${ids[2] ?? ''}', now(), '{"budget_notice_percent":80,"feature_budget_notice_percent":50}', 'limited-request', 1, 'f', 'chat_completions', 1, 'window-of-its-quota', 1, 1, 1250000001, '2026-11', 1250000001, '2026-11-28.2', 1250000000)`);
  await gateway.bigquery
    .rows(`INSERT INTO events (name, source, identifier, created_at, metadata, event_id, rank, function, feature, units, count)
    VALUES ('RateLimited', 'dotcom-product-subscriptions', '${ids[2] ?? ''}', now(), '{"cause":"budget","budget":{"refusal":"budget-too-dear","of":"subscription","limit_nano_usd":5000000000,"spent_nano_usd":4000000001,"cost_nano_usd":1000000000}}', 'refused-request', 1, 'f', 'chat_completions', 0, 1)`);
  const refused = await (await fetch(`${url}/console/requests?id=refused-request&format=csv&table=request`)).text();
  assert.match(refused, /Refused for,budget-too-dear\r\n/);
  assert.match(refused, /4\.000000001 of 5\.000000000 spent; it might have cost 1\.000000000/);
  const customer = await (await fetch(`${url}/console/customers/${ids[2] ?? ''}?format=csv&table=refusals`)).text();
  assert.match(customer, /^may cost more than is left of the budget,chat_completions,1,/m);
  const notices = await (await fetch(`${url}/console/customers/${ids[2] ?? ''}?format=csv&table=notices`)).text();
  assert.match(notices, /^90 % of the quota,chat_completions,\d+,/m);
  assert.match(notices, /^"?80 % of the budget, 50 % of the feature’s budget"?,chat_completions,1,/m);
  const csv = await (await fetch(`${url}/console/requests?id=limited-request&format=csv&table=request`)).text();
  assert.match(csv, /Quota window,window-of-its-quota\r\n/);
  assert.match(csv, /"?Kept by its budget, USD"?,1\.250000001 in 2026-11\r\n/);
  assert.match(csv, /"?Kept by its feature’s budget, USD"?,1\.25\d* in 2026-11-28\.2\r\n/);
});

test('no page and no file has a secret or a prompt, though every text of some rows does', async () => {
  let seen = 0;
  for (const [name, at] of paths()) {
    const page = await (await fetch(url + at)).text();
    const tables = [...page.matchAll(/<a\s+class="csv"\s+href="([^"]+)"/g)].map(([, href = '']) => href);
    const texts = [page];
    for (const href of tables) texts.push(await (await fetch(url + href.replaceAll('&amp;', '&'))).text());
    for (const text of texts) {
      assert.ok(!text.includes(secret.slice(4)), `${name}: a secret`);
      assert.ok(!/PROMPT|hide a body/.test(text), `${name}: a prompt`);
      if (text.includes('[redacted]')) seen++;
    }
  }
  assert.ok(seen > 5, 'the rows are shown, without their secret');
});

test('behind Identity-Aware Proxy nothing is shown to who comes without its word', async () => {
  const env = { CODY_GATEWAY_CONSOLE_IAP_AUDIENCE: '/projects/1/global/backendServices/2' };
  const behind = await startGateway({ functions: ['console'], env });
  try {
    const there = behind.functions.get('console')?.url ?? '';
    for (const [, at] of paths())
      for (const headers of [
        {},
        { 'x-goog-iap-jwt-assertion': 'a.b.c' },
        { 'x-goog-authenticated-user-email': 'accounts.google.com:a@b.c' },
      ]) {
        const response = await fetch(there + at, { headers: headers as Record<string, string> });
        assert.equal(response.status, 403, at);
        assert.doesNotMatch(await response.text(), /Acme|\$/);
      }
    assert.ok(!behind.lines.some((line) => JSON.stringify(line).includes('a.b.c')));
  } finally {
    await behind.stop();
  }
});

/** A page; skipped, and said so, where there is no browser. */
function inBrowser(name: string, work: (page: Page, open: (at: string) => Promise<void>) => Promise<void>): void {
  test(name, async (t) => {
    if (browser === null) {
      assert.equal(process.env['CI'], undefined, `no browser at ${browserPath}`);
      return t.skip(`no browser at ${browserPath}: install Debian's chromium, or name one with GATEWAY_CHROMIUM`);
    }
    // The checker is put in past the page's policy; that the page itself breaks none is looked at by its own messages.
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => faults.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:')) faults.push(request.url());
    });
    await work(page, async (at) => void (await page.goto(url + at)));
    await page.close();
    assert.deepEqual(faults, []);
  });
}

async function shoot(page: Page, name: string): Promise<void> {
  if (shotsDir === undefined) return;
  await mkdir(shotsDir, { recursive: true });
  await page.screenshot({ path: path.join(shotsDir, `${name}.png`), fullPage: true });
}

const fits = 'document.documentElement.scrollWidth <= innerWidth';

inBrowser('axe finds nothing in any page, in either colour scheme and on a phone', async (page, open) => {
  for (const [name, at] of paths())
    for (const kind of ['light', 'dark', 'phone'] as const) {
      await page.emulateMedia({ colorScheme: kind === 'dark' ? 'dark' : 'light' });
      await page.setViewportSize(kind === 'phone' ? { width: 390, height: 844 } : { width: 1280, height: 900 });
      await open(at);
      assert.equal(await page.evaluate(fits), true, `${name} ${kind}`);
      await page.evaluate(axe);
      const found = await page.evaluate<string[]>(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" | ").slice(0, 400)))',
      );
      assert.deepEqual(found, [], `${name} ${kind}`);
      await shoot(page, `${name}-${kind}`);
    }
});

inBrowser(
  'by keyboard: past the menu to the figures, the menu, the search, tables that scroll, their CSV',
  async (page, open) => {
    await open('/console/customers');
    const focused = (): Promise<string> =>
      page.evaluate<string>(
        '(document.activeElement.getAttribute("aria-label") ?? document.activeElement.name ?? "") || document.activeElement.textContent.trim()',
      );
    const order: string[] = [];
    for (let i = 0; i < 10; i++) {
      await page.keyboard.press('Tab');
      order.push(await focused());
    }
    assert.deepEqual(order.slice(0, 6), [
      'Skip to the figures',
      'Overview',
      'Customers',
      'Models',
      'Functions',
      'Requests',
    ]);
    assert.deepEqual([order[6], order[7], order[8]], ['q', 'Search', 'All, the dearest first, table']);
    await page.focus('input[name=q]');
    await page.keyboard.type('globex');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=globex/);
    assert.equal(await page.locator('tbody tr').count(), 1);
    assert.equal(await page.locator('nav a[aria-current=page]').textContent(), 'Customers');
  },
);

inBrowser('on A4 every table is whole, and nothing that only a screen can use is left', async (page, open) => {
  await page.emulateMedia({ media: 'print' });
  // What an A4 sheet leaves between its margins, at 96 pixels an inch.
  await page.setViewportSize({ width: 688, height: 1000 });
  for (const [name, at] of paths()) {
    await open(at);
    assert.equal(await page.evaluate(fits), true, name);
    assert.equal(await page.locator('nav').first().isVisible(), false);
    assert.equal(await page.locator('.csv').first().isVisible(), false);
    const cut =
      '[...document.querySelectorAll(".table")].filter((one) => one.scrollHeight > one.clientHeight + 1 || one.scrollWidth > one.clientWidth + 1).length';
    assert.equal(await page.evaluate(cut), 0, name);
    await shoot(page, `${name}-print`);
  }
});
