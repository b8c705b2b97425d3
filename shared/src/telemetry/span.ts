// A span as a plain record: cheap to make beside a request, turned into OTLP only when the request is over
// (otlp-spans.ts).

/**
 * Values that a span may carry; unknown ones are left out. Never a token, a prompt or a completion. Those of a frozen
 * object are written once for all spans.
 */
export type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** A finished span. */
export interface SpanRecord {
  readonly name: string;
  /** `server`: the request itself, the root of all others. */
  readonly kind: 'server' | 'client' | 'internal';
  /** Unix ms with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  /** What was known when it began. */
  readonly base: Attributes;
  /** What came later. */
  readonly attributes: Attributes;
  /** Why it failed, in a word; null where it did not. */
  readonly failure: string | null;
}

/** What the spans of one request share. */
export interface TraceFacts {
  readonly traceId: string;
  /** Of the root: every other span is its child. */
  readonly spanId: string;
  /** The caller's span; null where the trace begins here. */
  readonly parentSpanId: string | null;
  readonly links: readonly SpanLink[];
  /** Whether the spans are wanted; they are measured in any case. */
  readonly sampled: boolean;
}

/** Another trace's span that this one belongs to. */
export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
}

/** A step under way. */
export interface Span {
  set(attributes: Attributes): void;
  /** Once; later calls do nothing. */
  end(attributes?: Attributes, failure?: string | null): void;
}

/** Where nobody looks: costs a call. */
export const noSpan: Span = { set: () => undefined, end: () => undefined };

/** Of a span that has none yet. */
export const noAttributes: Attributes = Object.freeze({});

const timeOriginMs = performance.timeOrigin;

/** Unix ms by the clock that does not jump. */
export function nowMs(): number {
  return unixMs(performance.now());
}

/** @param processMs by `performance.now()` */
export function unixMs(processMs: number): number {
  return timeOriginMs + processMs;
}

/** Who gets spans when they end. */
export interface SpanTaker {
  take(record: SpanRecord): void;
}

/** Begins a span. @param taker gets it when it ends */
export function startSpan(name: string, kind: SpanRecord['kind'], base: Attributes, taker: SpanTaker): Span {
  return new Step(name, kind, base, taker);
}

/** Span and record in one: a request has six. */
class Step implements Span, SpanRecord {
  readonly name: string;
  readonly kind: SpanRecord['kind'];
  readonly base: Attributes;
  readonly startMs = nowMs();
  endMs = 0;
  attributes: Attributes = noAttributes;
  failure: string | null = null;
  /** Null once it has ended: what waits to be written keeps nothing of its request. */
  #taker: SpanTaker | null;

  constructor(name: string, kind: SpanRecord['kind'], base: Attributes, taker: SpanTaker) {
    this.name = name;
    this.kind = kind;
    this.base = base;
    this.#taker = taker;
  }

  set(more: Attributes): void {
    // Most have nothing before.
    this.attributes = this.attributes === noAttributes ? more : { ...this.attributes, ...more };
  }

  end(more: Attributes = noAttributes, failure: string | null = null): void {
    if (this.endMs !== 0) return;
    if (more !== noAttributes) this.set(more);
    this.endMs = nowMs();
    this.failure = failure;
    this.#taker?.take(this);
    this.#taker = null;
  }
}
