// A stand-in for Sourcegraph.com's GraphQL: answers attribution searches as programmed, for the service account's token alone.

import { createServer } from 'node:http';
import { listen } from './port.ts';

/** A running stand-in. */
export interface LocalSourcegraph {
  readonly url: string;
  readonly token: string;
  /** Variables of the searches that came, in order. */
  readonly searches: { readonly snippet: string; readonly first: number }[];
  /** What the next searches find. */
  found: { totalCount: number; limitHit: boolean; names: readonly string[] };
  /** Answers the next request with this status and body instead. */
  failNext(status: number, body?: string): void;
  close(): Promise<void>;
}

interface Request {
  readonly query: string;
  readonly variables: { readonly snippet: string; readonly first: number };
}

/** Starts it on a free port. */
export async function startSourcegraph(): Promise<LocalSourcegraph> {
  const token = 'local-service-account';
  const failures: { status: number; body: string }[] = [];
  const searches: LocalSourcegraph['searches'] = [];
  let found: LocalSourcegraph['found'] = { totalCount: 1, limitHit: true, names: ['github.com/a/b'] };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const failure = failures.shift();
      if (failure !== undefined) return void response.writeHead(failure.status).end(failure.body);
      if (request.headers.authorization !== `token ${token}`)
        return void response.writeHead(401).end('Invalid access token.');
      const { query, variables } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Request;
      if (!query.includes('snippetAttribution(snippet: $snippet, first: $first)'))
        return void response.writeHead(400).end('unknown query');
      searches.push(variables);
      const nodes = found.names.slice(0, variables.first).map((repositoryName) => ({ repositoryName }));
      const { totalCount, limitHit } = found;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: { snippetAttribution: { totalCount, limitHit, nodes } } }));
    });
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}/.api/graphql`,
    token,
    searches,
    get found() {
      return found;
    },
    set found(next) {
      found = next;
    },
    failNext: (status, body = '') => void failures.push({ status, body }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
