// Stands between a client and the gateway, passes everything on as it comes, and says what was asked and given of
// content encodings.

import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../local/process/port.ts';

/** What went through. */
export interface Encodings {
  /** `Accept-Encoding` of the requests whose answer was a stream, each once; `none` where there was none. */
  readonly asked: readonly string[];
  readonly streams: number;
  /** Streams that came as gzip. */
  readonly compressed: number;
}

/** A running recorder. */
export interface Recorder {
  readonly url: string;
  /** Since it was last asked. */
  take(): Encodings;
  close(): Promise<void>;
}

/** @param to the gateway, without a path */
export async function startRecorder(to: string): Promise<Recorder> {
  const asked = new Set<string>();
  let [streams, compressed] = [0, 0];
  const record = ({ headers }: IncomingMessage, answer: IncomingMessage): void => {
    if (answer.headers['content-type']?.startsWith('text/event-stream') !== true) return;
    asked.add(headers['accept-encoding'] ?? 'none');
    streams++;
    if (answer.headers['content-encoding'] === 'gzip') compressed++;
  };
  const server = createServer((request, response) => pass(to, request, response, record));
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    take: () => {
      const taken = { asked: [...asked].toSorted(), streams, compressed };
      asked.clear();
      [streams, compressed] = [0, 0];
      return taken;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pass(
  to: string,
  request: IncomingMessage,
  response: ServerResponse,
  record: (request: IncomingMessage, answer: IncomingMessage) => void,
): void {
  const { method, url = '/', rawHeaders } = request;
  const onward = ask(new URL(url, to), { method, headers: rawHeaders, agent: false });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  onward.on('response', (answer) => {
    record(request, answer);
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    response.flushHeaders();
    answer.on('error', () => response.destroy());
    answer.pipe(response);
  });
  request.pipe(onward);
}
