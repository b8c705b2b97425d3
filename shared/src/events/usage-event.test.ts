// Every kind of event has one row, whichever way it leaves the outbox: by the instance that wrote it, or by the sweeper
// that reads the entry.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { budgetNoticeAbout, noticeAbout, noticeMessage, noticeOf, unsentNotice } from './notice.ts';
import { eventOf, eventRow, refusedEvent, unservedEvent, type EndedEvent, type EventDraft } from './usage-event.ts';

const draft: EventDraft = {
  name: 'CompletionsFinished',
  source: 'dotcom-user',
  identifier: 'u1',
  created_at: '2026-01-01T00:00:00.000Z',
  metadata: { feature: 'chat_completions', sg_actor_id: '7', sg_actor_anonymous_uid: 'a', trace_id: 't', stream: true },
  event_id: 'lease-1',
  function: 'chat-completions',
  region: 'r',
  feature: 'chat_completions',
  model: 'p/m',
  provider: 'p',
  tags: ['acme'],
  call_tags: ['team=search'],
};
const costs = {
  cost_nano_usd: 5,
  price_version: 'v',
  price_rank: 0,
  abandoned_nano_usd: null,
  home: null,
  attempts: null,
  request_bytes: 40,
  response_bytes: 90,
};
const ended: EndedEvent = { ...draft, rank: 1, units: 1, tokens: 12, gateway_ms: 3, ...costs };
const noBudgets = {
  budget_window: null,
  budget_nano_usd: null,
  feature_budget_window: null,
  feature_budget_nano_usd: null,
};
const entry = { i: 'lease-1', w: 'window-1', q: '1', e: JSON.stringify(ended) };

test('a served call: what it says, and what the limiter kept of it', () => {
  const row = eventRow(ended, { window: 'window-1', kept: 1 });
  assert.deepEqual(row, { ...ended, quota_window: 'window-1', quota_units: 1, ...noBudgets, count: 1 });
  assert.deepEqual(eventOf({ ...entry, k: 'event' }), row);
});

test('a served call that reached a threshold names it; its notice is the same both ways, but for the request', () => {
  const row = eventRow(ended, { window: 'window-1', kept: 1, noticed: 90 });
  assert.deepEqual(row.metadata, { ...draft.metadata, notice_percent: 90 });
  assert.deepEqual(eventOf({ ...entry, k: 'event', t: '90' }), row);
  const subscription = { window: '2026-11', nanoUsd: 5, noticed: 80 };
  const charged = eventRow(ended, { window: 'window-1', kept: 1, budgets: { subscription, feature: null } });
  assert.deepEqual(charged.metadata, { ...draft.metadata, budget_notice_percent: 80 });
  assert.deepEqual(eventOf({ ...entry, k: 'event', b: '2026-11;5;;0;80;', t: '0' }), charged);
  const feature = { window: '2026-11-28', nanoUsd: 5, noticed: 100 };
  const both = eventRow(ended, { window: 'window-1', kept: 1, noticed: 95, budgets: { subscription, feature } });
  const percents = { notice_percent: 95, budget_notice_percent: 80, feature_budget_notice_percent: 100 };
  assert.deepEqual(both.metadata, { ...draft.metadata, ...percents });
  assert.deepEqual(eventOf({ ...entry, k: 'event', b: '2026-11;5;2026-11-28;5;80;100', t: '95' }), both);

  const about = JSON.stringify({ source: 'dotcom-user', identifier: 'u1', name: 'n', feature: 'chat_completions' });
  const crossing = { window: 'window-1', percent: 90, used: 9, limit: 10, resetAtMs: 5, draft: about };
  const notice = noticeOf({ i: 'window-1-90', k: 'notice', w: 'window-1', q: '9', e: about, t: '90', l: '10', u: '5' });
  assert.equal(notice.id, 'window-1-90');
  assert.deepEqual(noticeAbout(crossing), notice);
  assert.deepEqual(noticeAbout(crossing, { trace_id: 't', span_id: 's' }), { ...notice, trace_id: 't', span_id: 's' });
});

test('a refusal counts in no window and says why; only the quota’s says when to come back', () => {
  const row = refusedEvent(draft, { cause: 'quota', limit: 10, retryAtMs: 1_000 });
  const { name, metadata, units, quota_window, quota_units, count, rank } = row;
  assert.deepEqual([name, units, quota_window, quota_units, count, rank], ['RateLimited', 0, null, 0, 1, 1]);
  assert.deepEqual(metadata, {
    error: 'rate limit exceeded',
    feature: 'chat_completions',
    cause: 'quota',
    limit: 10,
    retry_after: '1970-01-01T00:00:01.000Z',
    sg_actor_id: '7',
    sg_actor_anonymous_uid: 'a',
    'sg.actor': {},
    trace_id: 't',
  });
  const fields = { i: 'lease-1', k: 'refused', w: '', q: '0', e: JSON.stringify(draft), u: '1000' };
  assert.deepEqual(eventOf({ ...fields, c: 'quota', l: '10', n: '1' }), row);
  const burst = eventOf({ ...fields, c: 'burst', l: '100', n: '1' });
  assert.deepEqual([burst.metadata['cause'], 'limit' in burst.metadata], ['concurrency', false]);
});

test('a folded refusal stands for as many as were counted', () => {
  const fields = {
    i: 'lease-1',
    k: 'refused',
    w: '',
    q: '0',
    e: JSON.stringify(draft),
    c: 'quota',
    l: '10',
    u: '1000',
  };
  const { count, ...row } = eventOf({ ...fields, n: '37' });
  const { count: one, ...single } = refusedEvent(draft, { cause: 'quota', limit: 10, retryAtMs: 1_000 });
  assert.deepEqual([count, one], [37, 1]);
  assert.deepEqual(row, single);
});

test('a recorded event of no lease, single or folded', () => {
  const row = unservedEvent({ ...draft, name: 'Unauthorized' });
  const fields = { i: 'lease-1', k: 'noted', w: '', q: '0', e: JSON.stringify(row) };
  assert.deepEqual(eventOf({ ...fields, n: '1' }), row);
  assert.deepEqual(eventOf({ ...fields, n: '4' }), { ...row, count: 4 });
});

test('an orphaned lease has its draft, its estimate as units, and a lower rank than its holder’s word', () => {
  const row = eventOf({ i: 'lease-1', k: 'orphaned', w: 'window-1', q: '0', s: '5', e: JSON.stringify(draft) });
  assert.deepEqual(row, {
    ...draft,
    metadata: { ...draft.metadata, orphaned: true },
    rank: 0,
    units: 5,
    quota_window: 'window-1',
    quota_units: 0,
    budget_window: null,
    budget_nano_usd: null,
    feature_budget_window: null,
    feature_budget_nano_usd: null,
    count: 1,
    tokens: null,
    gateway_ms: null,
    cost_nano_usd: null,
    price_version: null,
    price_rank: 0,
    abandoned_nano_usd: null,
    home: null,
    attempts: null,
    request_bytes: null,
    response_bytes: null,
  });
});

test('an entry that is none of ours is no row', () => {
  assert.throws(() => eventOf({ ...entry, k: 'event', e: 'no JSON' }), SyntaxError);
  assert.throws(() => noticeOf({ ...entry, k: 'notice', e: 'no JSON' }), SyntaxError);
});

const kept = { subscription: { window: '2026-11', nanoUsd: 9_000_000_000_000_001 }, feature: null };
const b = '2026-11;9000000000000001;;0';

test('a call with budgets says what each window kept of it, whichever way its row goes', () => {
  const row = eventRow(ended, { window: 'window-1', kept: 1, budgets: kept });
  assert.deepEqual(
    [row.budget_window, row.budget_nano_usd, row.feature_budget_window, row.feature_budget_nano_usd],
    ['2026-11', 9_000_000_000_000_001, null, null],
  );
  assert.deepEqual(eventOf({ ...entry, k: 'event', b, t: '0' }), row);
  const refund = eventOf({ ...entry, k: 'event', b: ';0;2026-11-28;-5' });
  assert.deepEqual([refund.budget_window, refund.feature_budget_nano_usd], [null, -5]);
});

test('an orphaned call with budgets costs what was charged, which is an estimate', () => {
  const fields = { i: 'lease-1', k: 'orphaned', w: 'window-1', q: '1', s: '1', e: JSON.stringify(draft) };
  const row = eventOf({ ...fields, b: '2026-11;7;2026-11-28;7', m: '7' });
  const { cost_nano_usd, budget_nano_usd, feature_budget_nano_usd, feature_budget_window, metadata, rank } = row;
  assert.deepEqual([cost_nano_usd, budget_nano_usd, feature_budget_nano_usd, rank], [7, 7, 7, 0]);
  assert.equal(feature_budget_window, '2026-11-28');
  assert.deepEqual(metadata, { ...draft.metadata, orphaned: true, estimated: true });
  assert.equal(row.price_version, 'estimated tokens');
});

test('a refusal by a budget names window, limit and what the call may cost, whichever way its row goes', () => {
  const fields = { i: 'lease-1', k: 'refused', w: '', q: '0', e: JSON.stringify(draft), u: '1000', n: '1' };
  for (const cause of ['budget-used-up', 'budget-held', 'budget-too-dear']) {
    const row = eventOf({ ...fields, c: cause, l: '10', b: ';0;2026-11;0', m: '4', r: '8', o: '2' });
    const none = { subscription: null, feature: { window: '2026-11', nanoUsd: 0 } };
    const budget = { scope: 'chat_completions', settledNanoUsd: 8, costNanoUsd: 4 };
    assert.deepEqual(
      row,
      refusedEvent(draft, { cause, limit: 10, retryAtMs: 1_000, budget, posted: { budgets: none } }),
    );
    assert.deepEqual([row.feature_budget_window, row.feature_budget_nano_usd, row.units], ['2026-11', 0, 0]);
    assert.equal(row.metadata['cause'], 'budget');
    const told = { of: 'feature', limit_nano_usd: 10, spent_nano_usd: 8, cost_nano_usd: 4 };
    assert.deepEqual(row.metadata['budget'], { refusal: cause, ...told });
  }
});

test('a notice of a budget is the same both ways, one of each threshold, refusal and limit, in dollars', () => {
  const about = JSON.stringify({
    source: 'dotcom-product-subscriptions',
    identifier: 's-1',
    name: 'Acme',
    feature: 'embeddings',
  });
  const crossing = { window: '2026-11', usedNanoUsd: 80_500_000_000, limitNanoUsd: 100_000_000_000, draft: about };
  const fields = { i: 'x', k: 'notice', w: '2026-11', q: '80500000000', l: '100000000000', e: about };
  const reached = noticeOf({ ...fields, t: '80', u: '86400000', o: '2' });
  assert.deepEqual(
    reached,
    budgetNoticeAbout({ ...crossing, scope: 'embeddings', reached: 80, resetAtMs: 86_400_000 }),
  );
  const text = (notice: typeof reached) => noticeMessage(notice, 'https://x/s', 0).text.replace(/^.*\) ?/, '');
  assert.equal(
    text(reached),
    'has spent 80 % of its embeddings budget for 2026-11: $80.50 of $100, threshold 80 %. It starts anew in 24h0m0s, at 1970-01-02T00:00:00Z.',
  );
  const refused = noticeOf({ ...fields, c: 'budget-too-dear', u: '0', o: '1' });
  assert.deepEqual(
    refused,
    budgetNoticeAbout({ ...crossing, scope: 'subscription', reached: 'budget-too-dear', resetAtMs: null }),
  );
  assert.equal(
    text(refused),
    ': a call was refused, it may cost more than is left of the budget. Of its budget for 2026-11 $80.50 of $100 are spent. It never starts anew.',
  );
  assert.match(unsentNotice(reached), /has reached 80 % of its embeddings budget for 2026-11, and no place/);
  assert.match(unsentNotice(refused), /may cost more than is left of the budget \(its budget for 2026-11\), and no/);
  const raised = budgetNoticeAbout({ ...crossing, limitNanoUsd: 1, scope: 'embeddings', reached: 80, resetAtMs: 1 });
  assert.equal(new Set([reached.id, refused.id, raised.id]).size, 3);
});
