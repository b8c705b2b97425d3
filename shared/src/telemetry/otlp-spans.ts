// Spans as the body of an OTLP request (opentelemetry-proto, trace/v1), written straight into bytes: OpenTelemetry's SDK makes an object of each
// span, attribute and value first, at a fifth of a request's whole CPU (npm run bench -- --only telemetry). Not the sending (otlp.ts).

import { randomFillSync } from 'node:crypto';
import { BackwardBytes, tags } from './backward-bytes.ts';
import type { Attributes, SpanLink, SpanRecord, TraceFacts } from './span.ts';

/** Some sixty requests. */
const batchBytesMax = 256 * 1024;
/** One is filled while others are sent. */
const spareMax = 2;
/** A usage event is below 4 kB; what is longer is no use to a reader. */
const attributeCharactersMax = 16_384;
/** Of resource and scope: a dozen short attributes. */
const fieldBytesMax = 16 * 1024;
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
  /** Takes back the buffer of a batch that nobody reads any more: memory outside the heap is what collections are made for. */
  reuse(batch: SpanBatch): void;
}

/** @param resource attributes of the process @param scope name and version of what makes the spans */
export function createSpanWriter(
  resource: Attributes,
  scope: { readonly name: string; readonly version: string },
): SpanWriter {
  const resourceField = written((out) => writeAttributes(out, 1, resource), tags.bytes(1));
  const scopeField = written((out) => {
    writeText(out, 2, scope.version);
    writeText(out, 1, scope.name);
  }, tags.bytes(1));
  const reserved = resourceField.length + scopeField.length + headBytes;
  const spare: Buffer[] = [];
  let buffer: Buffer | null = null;
  let out: BackwardBytes | null = null;
  let spans = 0;
  const begin = (): BackwardBytes => {
    buffer ??= spare.pop() ?? Buffer.allocUnsafeSlow(batchBytesMax);
    return new BackwardBytes(buffer);
  };
  return {
    add: (trace, span) => {
      out ??= begin();
      const end = out.at;
      writeSpan(out, trace, span);
      if (out.at < reserved) {
        out.at = end;
        return false;
      }
      spans++;
      return true;
    },
    take: () => {
      if (out === null || buffer === null || spans === 0) return null;
      out.raw(scopeField);
      out.close(tags.bytes(2), batchBytesMax);
      out.raw(resourceField);
      out.close(tags.bytes(1), batchBytesMax);
      const batch = { body: out.written(), spans, buffer };
      out = buffer = null;
      spans = 0;
      return batch;
    },
    discard: () => {
      const discarded = spans;
      out = null;
      spans = 0;
      return discarded;
    },
    reuse: (batch) => {
      if (spare.length < spareMax) spare.push(batch.buffer);
    },
  };
}

/** One field that every batch has in front. */
function written(write: (out: BackwardBytes) => void, tag: number): Uint8Array {
  const out = new BackwardBytes(Buffer.alloc(fieldBytesMax));
  write(out);
  out.close(tag, fieldBytesMax);
  return out.written();
}

const kinds = { internal: 1, server: 2, client: 3 } as const;
const statusError = 2;
const sampled = 1;
/** Whether the parent or the linked span is another process's: known, and so. */
const remoteKnown = 0x100;
const remote = 0x200;

/** Fields from the last to the first. */
function writeSpan(out: BackwardBytes, trace: TraceFacts, span: SpanRecord): void {
  const end = out.at;
  const isRoot = span.kind === 'server';
  const parentSpanId = isRoot ? trace.parentSpanId : trace.spanId;
  writeFlags(out, 16, isRoot && parentSpanId !== null);
  if (span.failure !== null) writeFailure(out, span.failure);
  if (isRoot) for (const link of trace.links) writeLink(out, link);
  writeAttributes(out, 9, span.attributes);
  out.nanoseconds(Math.max(span.startMs, span.endMs));
  out.varint(tags.fixed64(8));
  out.nanoseconds(span.startMs);
  out.varint(tags.fixed64(7));
  out.varint(kinds[span.kind]);
  out.varint(tags.varint(6));
  writeText(out, 5, span.name);
  if (parentSpanId !== null) writeId(out, 4, parentSpanId);
  if (isRoot) writeId(out, 2, trace.spanId);
  else writeFreshId(out, 2);
  writeId(out, 1, trace.traceId);
  out.close(tags.bytes(2), end);
}

function writeFailure(out: BackwardBytes, failure: string): void {
  const end = out.at;
  out.varint(statusError);
  out.varint(tags.varint(3));
  writeText(out, 2, failure);
  out.close(tags.bytes(15), end);
}

function writeLink(out: BackwardBytes, { traceId, spanId }: SpanLink): void {
  const end = out.at;
  writeFlags(out, 6, true);
  writeId(out, 2, spanId);
  writeId(out, 1, traceId);
  out.close(tags.bytes(13), end);
}

function writeFlags(out: BackwardBytes, field: number, isRemote: boolean): void {
  out.fixed32(sampled | remoteKnown | (isRemote ? remote : 0));
  out.varint(tags.fixed32(field));
}

function writeAttributes(out: BackwardBytes, field: number, attributes: Attributes): void {
  const tag = tags.bytes(field);
  for (const name in attributes) {
    const value = attributes[name];
    if (value === null || value === undefined) continue;
    const end = out.at;
    writeValue(out, value);
    out.close(tags.bytes(2), end);
    writeText(out, 1, name);
    out.close(tag, end);
  }
}

function writeValue(out: BackwardBytes, value: string | number | boolean): void {
  if (typeof value === 'string')
    writeText(out, 1, value.length > attributeCharactersMax ? value.slice(0, attributeCharactersMax) : value);
  else if (typeof value === 'boolean') {
    out.varint(value ? 1 : 0);
    out.varint(tags.varint(2));
  } else if (Number.isSafeInteger(value)) {
    if (value < 0) out.negative(value);
    else out.varint(value);
    out.varint(tags.varint(3));
  } else {
    out.double(value);
    out.varint(tags.fixed64(4));
  }
}

function writeText(out: BackwardBytes, field: number, value: string): void {
  out.text(value);
  out.varint(tags.bytes(field));
}

function writeId(out: BackwardBytes, field: number, id: string): void {
  out.hex(id);
  out.varint(id.length / 2);
  out.varint(tags.bytes(field));
}

const idBytes = 8;
/** A system call for every 512th span. */
const randomBytes = new Uint8Array(512 * idBytes);
let randomAt = randomBytes.length;

/** Nobody else has to know it: no span is the child of a step. */
function writeFreshId(out: BackwardBytes, field: number): void {
  if (randomAt === randomBytes.length) {
    randomFillSync(randomBytes);
    randomAt = 0;
  }
  out.raw(randomBytes, randomAt, randomAt + idBytes);
  randomAt += idBytes;
  out.varint(idBytes);
  out.varint(tags.bytes(field));
}
