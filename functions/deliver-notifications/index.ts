// The function `deliver-notifications`: a notice or a month's letter to the webhook. Its answer decides whether the
// queue tries again.

import { createHash } from 'node:crypto';
import {
  createNoticeMarks,
  letterMessage,
  noticeMessage,
  parseLetter,
  parseNotice,
  unsentLetter,
  unsentNotice,
  type NoticeMarks,
  type NoticeMessage,
} from '@cody-gateway/shared/events';
import { answer, Refusal } from '@cody-gateway/shared/http';
import { defineFunction, type Context, type Exchange } from '@cody-gateway/shared/serve';
import { StoreUnavailable } from '@cody-gateway/shared/store';
import { spanNames } from '@cody-gateway/shared/telemetry';

const taskBytesMax = 100 * 1024;
/** The original gateway gives Slack as long (shared/COMPATIBILITY.md#notice-thresholds). */
const sendTimeoutMs = 15_000;
const redisBudgetMs = 2_000;

async function deliver({ received, scope, context }: Exchange, marks: NoticeMarks): Promise<void> {
  const body = await received.readBody(taskBytesMax);
  const notice = parseNotice(body);
  const letter = notice === null ? parseLetter(body) : null;
  if (letter !== null) {
    scope.annotate({ letter: letter.month });
    const { id, until_ms: untilMs } = letter;
    const told = { id, untilMs, message: () => letterMessage(letter), unsent: () => unsentLetter(letter) };
    scope.annotate({ letter_sent: await deliverOnce(told, context, marks) });
  } else if (notice === null) {
    // 2xx all the same: the queue would send it again for a month. Its text may be anything, so it is not logged.
    scope.log(
      'ERROR',
      'a task of the notices’ queue can be read neither as a notice nor as a letter and is dropped: something else writes into the queue, or an older release did (runbook dead-letters)',
      {
        poison_task: createHash('sha256').update(body).digest('hex'),
        bytes: Buffer.byteLength(body),
      },
    );
  } else {
    const { trace_id: traceId, span_id: spanId, percent: threshold } = notice;
    if (traceId !== undefined && spanId !== undefined) scope.link({ traceId, spanId });
    scope.annotate({ notice: notice.id, notice_percent: threshold });
    const told: Told = {
      id: notice.id,
      untilMs: notice.reset_at_ms,
      message: () => noticeMessage(notice, context.config.subscriptionLinkBase, Date.now()),
      unsent: () => unsentNotice(notice),
    };
    const sent = await scope.span(
      spanNames.notice,
      () => deliverOnce(told, context, marks),
      (done) => ({ threshold, outcome: done ? 'sent' : 'not sent' }),
    );
    scope.annotate({ notice_sent: sent });
  }
  answer(received, 200, {}, '');
}

/** What people are told once. */
interface Told {
  readonly id: string;
  /** Unix ms: nobody delivers it after that; null: there is no such end. */
  readonly untilMs: number | null;
  readonly message: () => NoticeMessage;
  /** What the log says where there is no webhook. */
  readonly unsent: () => string;
}

/**
 * @returns false when it was not sent: there is no webhook, or it was sent before.
 * @throws Refusal when the queue should try again
 */
async function deliverOnce(told: Told, { config, telemetry }: Context, marks: NoticeMarks): Promise<boolean> {
  const { slackWebhookUrl } = config;
  if (slackWebhookUrl === null) {
    telemetry.log('WARNING', told.unsent(), {});
    return false;
  }
  try {
    const claim = await marks.claim(told.id);
    if (claim === 'busy') throw new Refusal('overloaded', 'another delivery of this notice is under way');
    if (claim === 'sent') return false;
    try {
      await post(slackWebhookUrl, JSON.stringify(told.message()));
    } catch (error) {
      // A mark that can't be taken back expires by itself.
      await marks.free(told.id).catch(() => undefined);
      throw new Refusal('overloaded', 'the webhook did not take the notice', { cause: error });
    }
    // Where the handler dies here, or Redis misses this, a second copy is sent: the one case in which that happens.
    await marks.sent(told.id, told.untilMs, Date.now());
    return true;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    throw new Refusal('overloaded', 'redis did not tell what became of the notice', { cause: error });
  }
}

/** Neither address nor answer becomes part of the error: the address is a secret. */
async function post(url: string, body: string): Promise<void> {
  const signal = AbortSignal.timeout(sendTimeoutMs);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal,
  }).catch((error: unknown) => {
    throw new Error(`the webhook could not be reached (${error instanceof Error ? error.name : 'unknown'})`);
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
}

export const handler = await defineFunction(
  'deliver-notifications',
  ({ store }) => {
    const marks = createNoticeMarks(store, () => ({ leftMs: redisBudgetMs }));
    return [{ method: 'POST', path: '/', dialect: 'cody', handle: (exchange) => deliver(exchange, marks) }];
  },
  { port: 'at once' },
);
