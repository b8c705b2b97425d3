// A stand-in for the metadata server of Google Cloud: tokens of the account that an instance runs as, in the real
// one's protocol. It gives token-1, token-2, …, each for an hour.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../process/port.ts';

const tokenPath = '/computeMetadata/v1/instance/service-accounts/default/token';

/** A running one. */
export interface LocalMetadataServer {
  readonly origin: string;
  /** What a process must have in its environment for Google's libraries to ask here. */
  readonly env: Readonly<Record<string, string>>;
  /** How many tokens were asked for. */
  asked(): number;
  /** Whether it is one that was given. */
  isToken(token: string): boolean;
  close(): Promise<void>;
}

/** @param instead answers a request for a token itself, and says so */
export async function startMetadataServer(
  instead: (asked: number, response: ServerResponse, request: IncomingMessage) => boolean = () => false,
): Promise<LocalMetadataServer> {
  let asked = 0;
  const server = createServer((request, response) => {
    // As the real one does, to everybody.
    response.setHeader('metadata-flavor', 'Google');
    if (request.headers['metadata-flavor'] !== 'Google') return void response.writeHead(403).end();
    if (request.url?.startsWith(tokenPath) !== true || request.method !== 'GET') return void response.end('default');
    asked++;
    if (instead(asked, response, request)) return;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ access_token: `token-${asked}`, expires_in: 3_600, token_type: 'Bearer' }));
  });
  const host = `127.0.0.1:${await listen(server)}`;
  return {
    origin: `http://${host}`,
    env: { GCE_METADATA_HOST: host, METADATA_SERVER_DETECTION: 'assume-present' },
    asked: () => asked,
    isToken: (token) => {
      const number = Number(/^token-(\d+)$/.exec(token)?.[1] ?? Number.NaN);
      return number >= 1 && number <= asked;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
