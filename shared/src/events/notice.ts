// A notice about a quota or a budget on its way: from the outbox entry to the task, and the words that reach people.
// Not when one is due (limiter/scripts).

import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { readWhole } from '../http/http.ts';
import { dollarText } from '../catalogue/catalogue.ts';
import type { PostedBudgetNotice, PostedNotice } from '../limiter/limiter.ts';
import { oneLine } from '../telemetry/telemetry.ts';
import type { OutboxFields } from './usage-event.ts';

/** Who a notice is about: what serve knows before the numbers are. */
export interface NoticeDraft {
  readonly source: string;
  readonly identifier: string;
  readonly name: string;
  readonly feature: string;
}

const noticeSchema = v.object({
  /** Window and threshold: there is one notice of each. */
  id: v.string(),
  source: v.string(),
  identifier: v.string(),
  name: v.string(),
  feature: v.string(),
  /** The threshold that was reached. */
  percent: v.number(),
  /** Settled units and the limit of the window. */
  used: v.number(),
  limit: v.number(),
  /** End of the window, Unix ms; null: it never ends. */
  reset_at_ms: v.nullable(v.number()),
  /** Of a budget in dollars: then `used` and `limit` are nano-dollars. */
  budget: v.exactOptional(
    v.object({
      /** `subscription`, or the feature. */
      scope: v.string(),
      window: v.string(),
      /** Why a call was refused for the first time in the window; null: a threshold was reached. */
      refusal: v.nullable(v.string()),
    }),
  ),
  /** The request that reached it; what the sweeper sends has none. */
  trace_id: v.optional(v.string()),
  span_id: v.optional(v.string()),
});

/** A threshold of a quota or budget was reached, or a budget has refused a call. */
export type Notice = v.InferOutput<typeof noticeSchema>;

/** What the limiter says of a threshold that was reached. `draft`: a NoticeDraft as JSON. */
type Crossing = Pick<PostedNotice, 'window' | 'percent' | 'used' | 'limit' | 'resetAtMs' | 'draft'>;

/** The request that reached it. */
interface Request {
  readonly trace_id: string;
  readonly span_id: string;
}

/**
 * The notice as its task carries it, whichever way it leaves the outbox.
 * @throws SyntaxError when its draft is not JSON: it was not written by us
 */
export function noticeAbout({ window, percent, used, limit, resetAtMs, draft }: Crossing, request?: Request): Notice {
  const about = JSON.parse(draft) as NoticeDraft;
  return { id: `${window}-${percent}`, ...about, percent, used, limit, reset_at_ms: resetAtMs, ...request };
}

/**
 * The notice about a budget, as its task carries it. There is one of each threshold, refusal and limit in a window: a
 * limit that was raised is another one.
 * @throws SyntaxError when its draft is not JSON: it was not written by us
 */
export function budgetNoticeAbout(
  { scope, window, reached, usedNanoUsd, limitNanoUsd, resetAtMs, draft }: BudgetCrossing,
  request?: Request,
): Notice {
  const about = JSON.parse(draft) as NoticeDraft;
  const isRefusal = typeof reached !== 'number';
  const owner = encodeURIComponent(`${about.source}:${about.identifier}`);
  return {
    id: ['budget', owner, scope, window, limitNanoUsd, isRefusal ? 'refused' : reached].join(':'),
    ...about,
    percent: isRefusal ? percentOf(usedNanoUsd, limitNanoUsd) : reached,
    used: usedNanoUsd,
    limit: limitNanoUsd,
    reset_at_ms: resetAtMs,
    budget: { scope, window, refusal: isRefusal ? reached : null },
    ...request,
  };
}

type BudgetCrossing = Omit<PostedBudgetNotice, 'shard' | 'entry' | 'scope' | 'reached'> & {
  readonly scope: string;
  readonly reached: number | string;
};

function percentOf(used: number, limit: number): number {
  return limit === 0 ? 100 : Math.floor((used / limit) * 100);
}

/**
 * Makes the notice of an outbox entry of kind `notice`.
 * @throws SyntaxError when its draft is not JSON: it was not written by us
 */
export function noticeOf({ w, e, t, q, l, u, o, c }: OutboxFields): Notice {
  if (o !== undefined)
    return budgetNoticeAbout({
      scope: o === '1' ? 'subscription' : (JSON.parse(e) as NoticeDraft).feature,
      window: w,
      reached: c ?? Number(t),
      usedNanoUsd: Number(q),
      limitNanoUsd: Number(l),
      resetAtMs: u === '0' ? null : Number(u),
      draft: e,
    });
  const [percent, used, limit, resetAtMs] = [Number(t), Number(q), Number(l), Number(u)];
  return noticeAbout({ window: w, percent, used, limit, resetAtMs, draft: e });
}

/** Reads a task's body; null when it is not a notice. */
export function parseNotice(body: string): Notice | null {
  const result = v.safeParse(noticeSchema, readWhole(body));
  return result.success ? result.output : null;
}

/** The task's name: hashed, since names that begin alike slow a queue down. */
export function noticeTaskName({ id }: Notice): string {
  return createHash('sha256').update(id).digest('hex');
}

/** What the log says of a notice that has nowhere to go: its window remembers the crossing all the same. */
export function unsentNotice({ source, identifier, feature, percent, budget }: Notice): string {
  const nowhere = 'and no place is configured to send that to';
  if (budget !== undefined && budget.refusal !== null)
    return `${source} ${identifier}: ${refusalWords(budget.refusal)} (${budgetName(budget)}), ${nowhere}`;
  if (budget !== undefined)
    return `${source} ${identifier} has reached ${percent} % of ${budgetName(budget)}, ${nowhere}`;
  return `${source} ${identifier} has reached ${percent} % of its ${feature} quota, ${nowhere}`;
}

/** A Slack incoming webhook's payload; other receivers read `text`. */
export interface NoticeMessage {
  readonly text: string;
  readonly blocks: readonly [
    { readonly type: 'section'; readonly text: { readonly type: 'mrkdwn'; readonly text: string } },
  ];
}

/**
 * The words: who, from where, how much of what, and when it starts anew.
 * @param linkBase what a subscription's id is put behind.
 */
export function noticeMessage(notice: Notice, linkBase: string, nowMs: number): NoticeMessage {
  const { source, identifier, name, feature, percent, used, limit, reset_at_ms, budget } = notice;
  const actor =
    source === 'dotcom-product-subscriptions'
      ? `<${linkBase}/${encodeURIComponent(identifier)}|${forSlack(name === '' ? identifier : name)}>`
      : `\`${forSlack(identifier)}\``;
  const who = `${actor} (${forSlack(source)})`;
  const anew =
    reset_at_ms === null
      ? 'It never starts anew.'
      : `It starts anew in ${span(reset_at_ms - nowMs)}, at ${new Date(reset_at_ms).toISOString().slice(0, 19)}Z.`;
  const share = budget === undefined ? Math.floor((used * 100) / limit) : percentOf(used, limit);
  const text =
    budget === undefined
      ? `${who} has used ${share} % of its ${feature} quota: ${used} of ${limit}, threshold ${percent} %. ${anew}`
      : budget.refusal === null
        ? `${who} has spent ${share} % of ${budgetName(budget)}: ${spentOf(notice)}, threshold ${percent} %. ${anew}`
        : `${who}: ${refusalWords(budget.refusal)}. Of ${budgetName(budget)} ${spentOf(notice)} are spent. ${anew}`;
  return { text, blocks: [{ type: 'section', text: { type: 'mrkdwn', text } }] };
}

function budgetName({ scope, window }: NonNullable<Notice['budget']>): string {
  return `its ${scope === 'subscription' ? '' : `${forSlack(scope)} `}budget for ${forSlack(window)}`;
}

function spentOf({ used, limit }: Notice): string {
  return `$${dollarText(used)} of $${dollarText(limit)}`;
}

/** By the limiter's causes. */
function refusalWords(refusal: string): string {
  if (refusal === 'budget-used-up') return 'calls are refused, the budget is used up';
  if (refusal === 'budget-held') return 'a call was refused, what is left of the budget is held by calls in flight';
  return 'a call was refused, it may cost more than is left of the budget';
}

/**
 * One line for Slack: its three control characters; a bar would end a link's label, and a grave accent a piece of code.
 */
export function forSlack(text: string): string {
  return oneLine(text)
    .replaceAll('`', 'ˋ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('|', '¦');
}

/** Hours, minutes and seconds as Go writes a duration. */
function span(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return `${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds % 60}s`;
}
