// A stand-in for an authorization server's token introspection (RFC 7662): tokens and their scopes as programmed, for those who know the client's secret.

import { createServer } from 'node:http';
import { listen } from '../process/port.ts';

/** A running stand-in. */
export interface LocalIntrospection {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Scopes by token; a token that is not there is inactive. */
  readonly tokens: Map<string, string>;
  /** Answers the next look-up with this status instead. */
  failNext(status: number): void;
  close(): Promise<void>;
}

/** Starts it on a free port. */
export async function startIntrospection(): Promise<LocalIntrospection> {
  const [clientId, clientSecret] = ['gateway client', 'local:secret'];
  const tokens = new Map<string, string>();
  const failures: number[] = [];
  const expected = `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')}`;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const failure = failures.shift();
      if (failure !== undefined) return void response.writeHead(failure).end('not today');
      if (request.method !== 'POST' || request.headers.authorization !== expected)
        return void response.writeHead(401).end();
      const scope = tokens.get(new URLSearchParams(Buffer.concat(chunks).toString('utf8')).get('token') ?? '');
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(scope === undefined ? { active: false } : { active: true, scope }));
    });
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}/oauth/introspect`,
    clientId,
    clientSecret,
    tokens,
    failNext: (status) => void failures.push(status),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
