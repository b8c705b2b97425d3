// A span as a plain record: cheap to make beside a request, turned into OpenTelemetry's only when it is exported (otlp.ts).

/** Values that a span may carry; unknown ones are left out. Never a token, a prompt or a completion. */
export type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** A finished span. */
export interface SpanRecord {
  readonly name: string;
  readonly kind: 'server' | 'client' | 'internal';
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly links: readonly SpanLink[];
  /** Unix ms with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Record<string, string | number | boolean>;
  /** Why it failed, in a word; null where it did not. */
  readonly failure: string | null;
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

/** A usage event is below 4 kB; what is longer is no use to a reader. */
const attributeCharactersMax = 16_384;

/** Begins a span. @param take gets it when it ends */
export function startSpan(
  facts: Pick<SpanRecord, 'name' | 'kind' | 'traceId' | 'spanId' | 'parentSpanId' | 'links'>,
  take: (record: SpanRecord) => void,
  now: () => number,
): Span {
  const startMs = now();
  const attributes: SpanRecord['attributes'] = {};
  let open = true;
  const set = (more: Attributes): void => {
    for (const [name, value] of Object.entries(more))
      if (value !== null && value !== undefined)
        attributes[name] = typeof value === 'string' ? value.slice(0, attributeCharactersMax) : value;
  };
  return {
    set,
    end: (more = {}, failure = null) => {
      if (!open) return;
      open = false;
      set(more);
      take({ ...facts, startMs, endMs: now(), attributes, failure });
    },
  };
}
