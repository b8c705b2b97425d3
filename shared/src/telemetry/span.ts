// A span as a plain record: cheap to make beside a request, turned into OTLP only when the request is over (otlp-spans.ts).

/** Values that a span may carry; unknown ones are left out. Never a token, a prompt or a completion. */
export type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** A finished span. */
export interface SpanRecord {
  readonly name: string;
  /** `server`: the request itself, the root of all others. */
  readonly kind: 'server' | 'client' | 'internal';
  /** Unix ms with fractions. */
  readonly startMs: number;
  readonly endMs: number;
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

const timeOriginMs = performance.timeOrigin;

/** Unix ms by the clock that does not jump. */
export function nowMs(): number {
  return timeOriginMs + performance.now();
}

/** Begins a span. @param attributes are the span's own from here on @param take gets it when it ends */
export function startSpan(
  name: string,
  kind: SpanRecord['kind'],
  attributes: Record<string, string | number | boolean | null | undefined>,
  take: (record: SpanRecord) => void,
): Span {
  const startMs = nowMs();
  let open = true;
  return {
    set: (more) => {
      Object.assign(attributes, more);
    },
    end: (more = {}, failure = null) => {
      if (!open) return;
      open = false;
      take({ name, kind, startMs, endMs: nowMs(), attributes: Object.assign(attributes, more), failure });
    },
  };
}
