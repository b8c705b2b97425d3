// Where traces, metrics and errors go in the local cloud: speaks OTLP/HTTP and takes Sentry's envelopes, and shows the
// last trace as a page.

import { createServer, type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { readMetrics, readSpans, type SeenMetric, type SeenSpan } from './otlp.ts';
import { listen } from '../process/port.ts';
import { tracePage } from './trace-page.ts';

/** How much is kept of each kind. */
const keptMax = 5_000;

/** The running stand-in. */
export interface LocalObservability {
  /** Of OTLP and the page. */
  readonly url: string;
  readonly sentryDsn: string;
  readonly spans: SeenSpan[];
  readonly metrics: SeenMetric[];
  /** Items of Sentry's envelopes, parsed. */
  readonly errors: Record<string, unknown>[];
  /** Every body as text, for whoever looks for what must not be in one. */
  readonly bodies: string[];
  /** Requests that are neither. */
  readonly strange: string[];
  /** From now on nothing is answered, or again. */
  hang(on: boolean): void;
  close(): Promise<void>;
}

/** @param port a free one where absent @param metrics gives Prometheus' text for `/metrics` */
export async function startObservability({
  port: wanted = 0,
  metrics: prometheus = () => Promise.resolve(''),
}: { port?: number; metrics?: () => Promise<string> } = {}): Promise<LocalObservability> {
  const spans: SeenSpan[] = [];
  const metrics: SeenMetric[] = [];
  const errors: Record<string, unknown>[] = [];
  const bodies: string[] = [];
  const strange: string[] = [];
  let hanging = false;
  const take = (path: string, body: Buffer): void => {
    keep(bodies, [body.toString('latin1')]);
    if (path === '/v1/traces') keep(spans, readSpans(body));
    else if (path === '/v1/metrics') keep(metrics, readMetrics(body));
    else if (path.startsWith('/api/1/envelope/')) keep(errors, readEnvelope(body.toString('utf8')));
    else keep(strange, [path]);
  };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (request.method === 'GET' && path === '/metrics') {
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      return void prometheus().then(
        (text) => response.end(text),
        () => response.destroy(),
      );
    }
    if (request.method === 'GET')
      return void response
        .setHeader('content-type', 'text/html; charset=utf-8')
        .end(tracePage(spans, new URL(path, 'http://localhost').searchParams));
    read(request).then(
      (body) => {
        take(path, body);
        if (!hanging) response.end();
      },
      () => response.destroy(),
    );
  });
  const port = await listen(server, wanted);
  return {
    url: `http://127.0.0.1:${port}`,
    sentryDsn: `http://public@127.0.0.1:${port}/1`,
    spans,
    metrics,
    errors,
    bodies,
    strange,
    hang: (on) => {
      hanging = on;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function keep<T>(list: T[], more: readonly T[]): void {
  list.push(...more);
  list.splice(0, list.length - keptMax);
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

/** An envelope is lines of JSON: its header, then a header and a payload for each item. */
function readEnvelope(text: string): Record<string, unknown>[] {
  const [, ...lines] = text.split('\n').filter((line) => line !== '');
  return lines.flatMap((line, index) => (index % 2 === 1 ? [JSON.parse(line) as Record<string, unknown>] : []));
}
