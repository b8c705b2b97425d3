// A quota notice on its way: from the outbox entry to the task, and the words that reach people. Not when one is due
// (limiter/scripts/notice.lua).

import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { readWhole } from '../http/http.ts';
import type { PostedNotice } from '../limiter/limiter.ts';
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
  /** End of the window, Unix ms. */
  reset_at_ms: v.number(),
  /** The request that reached it; what the sweeper sends has none. */
  trace_id: v.optional(v.string()),
  span_id: v.optional(v.string()),
});

/** A threshold of a quota was reached. */
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
 * Makes the notice of an outbox entry of kind `notice`.
 * @throws SyntaxError when its draft is not JSON: it was not written by us
 */
export function noticeOf({ w, e, t, q, l, u }: OutboxFields): Notice {
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
export function unsentNotice({ source, identifier, feature, percent }: Notice): string {
  return `${source} ${identifier} has reached ${percent} % of its ${feature} quota, and no place is configured to send that to`;
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
  const { source, identifier, name, feature, percent, used, limit, reset_at_ms } = notice;
  const actor =
    source === 'dotcom-product-subscriptions'
      ? `<${linkBase}/${encodeURIComponent(identifier)}|${escape(name === '' ? identifier : name)}>`
      : `\`${escape(identifier)}\``;
  const share = Math.floor((used * 100) / limit);
  const text =
    `${actor} (${escape(source)}) has used ${share} % of its ${feature} quota: ${used} of ${limit}, threshold ${percent} %. ` +
    `It starts anew in ${span(reset_at_ms - nowMs)}, at ${new Date(reset_at_ms).toISOString().slice(0, 19)}Z.`;
  return { text, blocks: [{ type: 'section', text: { type: 'mrkdwn', text } }] };
}

/** Slack's three control characters; a bar would end a link's label, and a grave accent a piece of code. */
function escape(text: string): string {
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
