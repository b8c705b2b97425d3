// One charged call: the step that every function which spends quota goes through, from admission to the answer. Not
// what the call is (the work), nor the limits (limiter).

import type { Permit } from '../auth/auth.ts';
import type { Catalogue, Part, PriceBook } from '../catalogue/catalogue.ts';
import { withCost, type EndedEvent } from '../events/events.ts';
import { asRefusal, type Refusal } from '../http/http.ts';
import type { Claim, Lease } from '../limiter/limiter.ts';
import { noSpan, type Span } from '../telemetry/telemetry.ts';
import { admit } from './admit.ts';
import { callMoney, meteredCost, type AskBound } from './call-money.ts';
import type { Abandoned } from './attempt-log.ts';
import type { Exchange } from './exchange.ts';
import { endLease } from './lease-end.ts';
import { costOf } from './price.ts';
import { rateLimitHeaders } from './rate-limit.ts';
import { draftEvent, finishedEvent, type CallEvent, type Outcome } from './served-event.ts';
import type { ChargedSpan } from './spans.ts';

/** A call that is admitted, charged and reported in one event. `Used` is what the work says that it used. */
export interface ChargedCall<Used> {
  readonly permit: Permit;
  /**
   * Units that are reserved: what the call is expected to cost. A free call has 0: it takes none, and has its row all
   * the same.
   */
  readonly units: number;
  /** Of its Idempotency-Key; null for a request without one. */
  readonly claim: Claim | null;
  readonly event: CallEvent<Used>;
  /** The snapshot that it goes by, whose prices hold for it. Null where there is no model. */
  readonly catalogue: Pick<Catalogue, 'prices' | 'pricesAtHand'> | null;
  /** Null where the work has a span of its own. */
  readonly span: ChargedSpan<Used> | null;
  /** What it may cost, for budgets in dollars; null where the provider bills nothing. */
  readonly bound: AskBound;
}

/** What the work may use: the proof of admission, which `upstream.send` takes, and its span. */
export interface Held {
  readonly lease: Lease;
  readonly span: Span;
  /**
   * Sets how a renewal of the lease, where there are budgets, finds out what the provider would bill if the call ended
   * now, and where it is served. Each call of this replaces the one before.
   */
  meter(billed: () => { readonly parts: readonly Part[]; readonly home: string | null }): void;
}

/** What the work came to. */
export interface Ended<Used> {
  /** The provider's status; -1 when it never answered. */
  readonly upstreamStatus: number;
  /** The status that the caller gets; -1 when it left before one was written. */
  readonly resolvedStatus: number;
  /** Null unless the provider served the call. */
  readonly used: Used | null;
  /**
   * What is charged, where the work knows it: for a call that failed too, of which the caller pays for what it caused.
   * By default a caller that is answered with 2xx pays what was reserved, any other nothing.
   */
  readonly units?: number;
  /** What the provider bills, by the model that served it: what the call costs. By default nothing. */
  readonly billed?: readonly Part[];
  /** Attempts elsewhere that may be billed all the same: they cost the caller nothing. */
  readonly abandoned?: readonly Abandoned[];
  /** Of the answer, as the caller is sent it; absent: nobody counted them. */
  readonly answerBytes?: number;
  /** The caller left. By default: whether it has by now. */
  readonly cancelled?: boolean;
  /** The provider's answer broke off, or ended without its end mark. */
  readonly truncated?: boolean;
  /** Why it was not served, if that is known as a refusal. */
  readonly refusal?: Refusal;
  /**
   * Answers the caller, or ends the answer that has begun. Called when the call is settled: afterwards the instance may
   * have no CPU.
   * @throws Refusal to be answered
   */
  reply(): void;
}

/**
 * Admits the call, tells the caller what is left of its quota, keeps the lease alive while the work runs, ends it with
 * the call's event, and lets the work answer. Whatever happens in between, the lease ends here: work that throws is a
 * call that was not served (`notServed`), and costs nothing before the first byte.
 * @throws Refusal: the call was not admitted, or not served
 */
export async function charged<Used>(
  exchange: Exchange,
  call: ChargedCall<Used>,
  work: (held: Held) => Promise<Ended<Used>>,
): Promise<void> {
  const { received, scope, timing } = exchange;
  const draft = draftEvent(exchange, call.permit, call.event);
  const money = await callMoney(exchange, call.permit, call.bound, call.catalogue);
  const lease = await admit(exchange, call.permit, draft, call.units, call.claim, money);
  Object.assign(received.replyHeaders, rateLimitHeaders(lease));
  let book: PriceBook | null = null;
  let billedSoFar: Parameters<Held['meter']>[0] | null = null;
  const metered = (): number => {
    if (billedSoFar === null) return 0;
    const { parts, home } = billedSoFar();
    return meteredCost(book, call.event.model, home, lease.admittedAtMs, parts);
  };
  const warn = (error: unknown): void =>
    scope.log(
      'WARNING',
      'a lease could not be renewed and is tried again: after a minute the sweeper charges the estimate, until the call settles',
      {},
      error,
    );
  const stopRenewing = lease.keepAlive(warn, metered);
  try {
    timing.upstreamStarts();
    const span = call.span === null ? noSpan : scope.startCall(...call.span.begins);
    const meter: Held['meter'] = (billed) => void (billedSoFar = billed);
    const working = work({ lease, span, meter }).catch((error: unknown) => notServed<Used>(exchange, error));
    const prices = call.catalogue === null ? null : pricesOf(call.catalogue);
    if (prices instanceof Promise)
      prices.then(
        (read) => (book = read),
        () => undefined,
      );
    else book = prices;
    const ended = await working;
    timing.upstreamEnds();
    const outcome: Outcome<Used> = {
      upstreamStatus: ended.upstreamStatus,
      resolvedStatus: ended.resolvedStatus,
      upstreamDurationMs: timing.upstreamMs() ?? 0,
      gatewayMs: timing.ownMs(),
      used: ended.used,
      billed: ended.billed ?? [],
      cancelled: ended.cancelled ?? received.callerLeft.aborted,
      truncated: ended.truncated ?? false,
      refusal: ended.refusal ?? null,
      requestBytes: received.bodyBytes(),
      answerBytes: ended.answerBytes ?? null,
    };
    if (call.span !== null) span.end(...call.span.ends(outcome));
    // The caller's view decides: an answer that it saw no byte of costs it nothing.
    const served = ended.resolvedStatus >= 200 && ended.resolvedStatus < 300;
    const units = ended.units ?? (served ? call.units : 0);
    const event = finishedEvent(draft, call.event, outcome, units);
    await endLease(
      exchange,
      lease,
      await priced(exchange, lease, event, outcome.billed, ended.abandoned ?? [], prices),
    );
    ended.reply();
  } finally {
    stopRenewing();
  }
}

/** Where they have to be read, that is done beside the provider's answer. */
function pricesOf(catalogue: Pick<Catalogue, 'prices' | 'pricesAtHand'>): PriceBook | Promise<PriceBook> {
  const known = catalogue.pricesAtHand();
  if (known !== null) return known;
  const prices = catalogue.prices();
  prices.catch(() => undefined);
  return prices;
}

/**
 * One call, one price: that of its admission, worked out here alone. Where it can't be, whoever delivers the row does
 * it from what the row says.
 */
async function priced(
  { scope }: Exchange,
  { admittedAtMs }: Lease,
  event: EndedEvent,
  billed: readonly Part[],
  abandoned: readonly Abandoned[],
  prices: PriceBook | Promise<PriceBook> | null,
): Promise<EndedEvent> {
  const { model, home } = event;
  if (model === null || prices === null) return event;
  const tell = (message: string, error: unknown): void => scope.log('ERROR', message, {}, error);
  const cost = await costOf(billed, { model, home, atMs: admittedAtMs }, prices, tell);
  const whole = cost === null ? event : withCost(event, cost);
  if (abandoned.length === 0) return whole;
  const costs = await Promise.all(
    abandoned.map((one) => costOf(one.billed, { model, home: one.home, atMs: admittedAtMs }, prices, tell)),
  );
  return { ...whole, abandoned_nano_usd: costs.reduce((sum, one) => sum + (one?.nanoUsd ?? 0), 0) };
}

/** What work comes to that threw: no byte of the provider's, and the error as a refusal, which answers the caller. */
export function notServed<Used>({ received, dialect }: Exchange, error: unknown): Ended<Used> {
  const { response, callerLeft } = received;
  const refusal = asRefusal(error);
  const status = callerLeft.aborted ? -1 : refusal.status(dialect);
  return {
    upstreamStatus: -1,
    resolvedStatus: response.headersSent ? response.statusCode : status,
    used: null,
    refusal,
    reply: () => {
      throw refusal;
    },
  };
}
