// Spans as the body of an OTLP request (opentelemetry-proto, trace/v1), written straight into bytes: OpenTelemetry's
// SDK makes an object of each span, attribute and value first, at a fifth of a request's whole CPU (npm run bench --
// --only telemetry). Not the sending (otlp.ts).

import { randomBytes } from 'node:crypto';
import type { Attributes, SpanLink, SpanRecord, TraceFacts } from './span.ts';
import {
  double,
  fixed32,
  flat,
  hex,
  nanoseconds,
  negative,
  tags,
  utf8,
  varint,
  withLength,
  type Bytes,
} from './wire-text.ts';

/** Some ninety requests. */
const batchBytesMax = 256 * 1024;
/** One is filled while others are sent. */
const spareMax = 2;
/** A usage event is below 4 kB; what is longer is no use to a reader. */
const attributeCharactersMax = 16_384;
/** So much is joined before it is written: a request's spans, more or less. */
const joinedMax = 4_096;
/** Lengths and tags around all spans. */
const headBytes = 32;

/** The body of one export. */
export interface SpanBatch {
  readonly body: Uint8Array;
  readonly spans: number;
  /** What it stands in. */
  readonly buffer: Buffer;
}

/** Collects spans until a batch is full. */
export interface SpanWriter {
  /** False: there is no room for it, and nothing was written. */
  add(trace: TraceFacts, span: SpanRecord): boolean;
  /** What was collected, as one body; null where there is nothing. */
  take(): SpanBatch | null;
  /** Throws away what was collected. @returns how many spans */
  discard(): number;
  /**
   * Takes back the buffer of a batch that nobody reads any more: memory outside the heap is what collections are made
   * for.
   */
  reuse(batch: SpanBatch): void;
}

/**
 * @param resource attributes of the process
 * @param instrumentation OTLP's scope: name and version of what makes the spans
 */
export function createSpanWriter(
  resource: Attributes,
  instrumentation: { readonly name: string; readonly version: string },
): SpanWriter {
  const resourceField = message(1, resourceOf(resource));
  const instrumentationField = message(1, text(1, instrumentation.name) + text(2, instrumentation.version));
  /** Where the spans begin: the header in front of them contains their length, and is written last. */
  const start = resourceField.length + instrumentationField.length + headBytes;
  const spare: Buffer[] = [];
  let buffer: Buffer | null = null;
  let at = start;
  let joined = '';
  let spans = 0;
  const writeJoined = (): Buffer => {
    buffer ??= spare.pop() ?? Buffer.allocUnsafeSlow(batchBytesMax);
    at += buffer.write(joined, at, 'latin1');
    joined = '';
    return buffer;
  };
  return {
    add: (trace, span) => {
      const bytes = spanOf(trace, span);
      if (at + joined.length + bytes.length > batchBytesMax) return false;
      joined += bytes;
      if (joined.length > joinedMax) writeJoined();
      spans++;
      return true;
    },
    take: () => {
      if (spans === 0) return null;
      const filled = writeJoined();
      const scopeSpans = tags.bytes(2) + varint(instrumentationField.length + at - start) + instrumentationField;
      const head = resourceField + scopeSpans;
      const front = tags.bytes(1) + varint(head.length + at - start) + head;
      filled.write(front, start - front.length, 'latin1');
      const batch = { body: filled.subarray(start - front.length, at), spans, buffer: filled };
      buffer = null;
      at = start;
      spans = 0;
      return batch;
    },
    discard: () => {
      const discarded = spans;
      joined = '';
      at = start;
      spans = 0;
      return discarded;
    },
    reuse: (batch) => {
      if (spare.length < spareMax) spare.push(batch.buffer);
    },
  };
}

const kinds = { internal: varint(1), server: varint(2), client: varint(3) } as const;
const statusError = 2;
const sampled = 1;
/** Whether the parent or the linked span is another process's: known, and so. */
const remoteKnown = 0x100;
const remote = 0x200;

const spanTags = {
  span: tags.bytes(2),
  traceId: tags.bytes(1) + varint(16),
  spanId: tags.bytes(2) + varint(8),
  parentSpanId: tags.bytes(4) + varint(8),
  kind: tags.varint(6),
  start: tags.fixed64(7),
  end: tags.fixed64(8),
  attribute: tags.bytes(9),
} as const;
const ownFlags = flags(16, false);
const remoteFlags = flags(16, true);

function spanOf(trace: TraceFacts, span: SpanRecord): Bytes {
  const { traceId, spanId, parentSpanId } = idsOf(trace);
  const isRoot = span.kind === 'server';
  const parent = isRoot ? parentSpanId : spanId;
  let bytes = `${spanTags.traceId}${traceId}${spanTags.spanId}${isRoot ? spanId : freshId()}`;
  if (parent !== null) bytes += spanTags.parentSpanId + parent;
  bytes += text(5, span.name) + spanTags.kind + kinds[span.kind];
  bytes += spanTags.start + nanoseconds(span.startMs) + spanTags.end + nanoseconds(Math.max(span.startMs, span.endMs));
  bytes += attributesOf(span.base) + attributesOf(span.attributes);
  if (isRoot) for (const link of trace.links) bytes += linkOf(link);
  if (span.failure !== null) bytes += message(15, text(2, span.failure) + tags.varint(3) + varint(statusError));
  bytes += isRoot && parent !== null ? remoteFlags : ownFlags;
  return spanTags.span + withLength(bytes);
}

interface Ids {
  readonly traceId: Bytes;
  readonly spanId: Bytes;
  readonly parentSpanId: Bytes | null;
}

let lastTrace: TraceFacts | null = null;
let lastIds: Ids | null = null;

/** The spans of a request come one after the other. */
function idsOf(trace: TraceFacts): Ids {
  if (lastIds !== null && trace === lastTrace) return lastIds;
  lastTrace = trace;
  const { traceId, spanId, parentSpanId } = trace;
  lastIds = {
    traceId: hex(traceId),
    spanId: hex(spanId),
    parentSpanId: parentSpanId === null ? null : hex(parentSpanId),
  };
  return lastIds;
}

function linkOf({ traceId, spanId }: SpanLink): Bytes {
  return message(13, spanTags.traceId + hex(traceId) + spanTags.spanId + hex(spanId) + flags(6, true));
}

function flags(field: number, isRemote: boolean): Bytes {
  return tags.fixed32(field) + fixed32(sampled | remoteKnown | (isRemote ? remote : 0));
}

/**
 * Values of one attribute that are kept as bytes: most attributes have few, and one that has more is written anew each
 * time.
 */
const keptValuesMax = 32;
const keptCharactersMax = 512;

/** What is known of an attribute's name. */
interface Named {
  readonly bytes: Bytes;
  /** Attributes by value; null where values are too many. */
  kept: Map<string | number | boolean, Bytes> | null;
}

/** Names are ours: there are a hundred of them. */
const names = new Map<string, Named>();
/** Of attributes that never change. */
const frozen = new WeakMap<Attributes, Bytes>();

/** All of a span's. */
function attributesOf(attributes: Attributes): Bytes {
  if (!Object.isFrozen(attributes)) return eachOf(attributes);
  let bytes = frozen.get(attributes);
  if (bytes === undefined) frozen.set(attributes, (bytes = flat(eachOf(attributes))));
  return bytes;
}

function eachOf(attributes: Attributes): Bytes {
  let bytes = '';
  for (const name in attributes) {
    const value = attributes[name];
    if (value !== null && value !== undefined) bytes += attributeOf(name, value);
  }
  return bytes;
}

function attributeOf(name: string, value: string | number | boolean): Bytes {
  let named = names.get(name);
  if (named === undefined) names.set(name, (named = { bytes: flat(text(1, name) + tags.bytes(2)), kept: new Map() }));
  const known = named.kept?.get(value);
  if (known !== undefined) return known;
  const bytes = spanTags.attribute + withLength(named.bytes + withLength(valueOf(value)));
  if (named.kept === null || (typeof value === 'string' && value.length > keptCharactersMax)) return bytes;
  if (named.kept.size < keptValuesMax) named.kept.set(value, flat(bytes));
  else named.kept = null;
  return bytes;
}

const valueTags = { boolean: tags.varint(2), integer: tags.varint(3), double: tags.fixed64(4) } as const;

function valueOf(value: string | number | boolean): Bytes {
  if (typeof value === 'string')
    return text(1, value.length > attributeCharactersMax ? value.slice(0, attributeCharactersMax) : value);
  if (typeof value === 'boolean') return valueTags.boolean + varint(value ? 1 : 0);
  if (!Number.isSafeInteger(value)) return valueTags.double + double(value);
  return valueTags.integer + (value < 0 ? negative(value) : varint(value));
}

function text(field: number, value: string): Bytes {
  return message(field, utf8(value));
}

function message(field: number, bytes: Bytes): Bytes {
  return tags.bytes(field) + withLength(bytes);
}

/** A resource has the same fields as a span, under another number: its attributes are few and written once. */
function resourceOf(resource: Attributes): Bytes {
  return Object.entries(resource)
    .map(([name, value]) =>
      value === null || value === undefined ? '' : message(1, text(1, name) + message(2, valueOf(value))),
    )
    .join('');
}

const idBytes = 8;
let randomIds = '';
let randomAt = 0;

/** Nobody else has to know it: no span is the child of a step. A system call for every 512th. */
function freshId(): Bytes {
  if (randomAt === randomIds.length) {
    randomIds = randomBytes(512 * idBytes).toString('latin1');
    randomAt = 0;
  }
  randomAt += idBytes;
  return randomIds.slice(randomAt - idBytes, randomAt);
}
