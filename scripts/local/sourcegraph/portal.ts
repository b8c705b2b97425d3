// A stand-in for Enterprise Portal's CodyAccessService over Connect with JSON, and for the accounts server whose tokens it takes.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../process/port.ts';

const service = '/enterpriseportal.codyaccess.v1.CodyAccessService/';

/** `CodyGatewayAccess` in protobuf's JSON. */
export interface PortalAccess {
  readonly subscriptionId: string;
  readonly subscriptionDisplayName?: string;
  readonly enabled?: boolean;
  readonly chatCompletionsRateLimit?: PortalLimit;
  readonly codeCompletionsRateLimit?: PortalLimit;
  readonly embeddingsRateLimit?: PortalLimit;
  readonly accessTokens: readonly { readonly token: string }[];
}

/** A limit of it. */
export interface PortalLimit {
  readonly source: string;
  readonly limit: string;
  readonly intervalDuration: string;
}

/** A running stand-in. */
export interface LocalPortal {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly accesses: PortalAccess[];
  /** Methods that were called, `token` for the accounts server. */
  readonly called: string[];
  /** Ends every access token given out so far. */
  expireTokens(): void;
  close(): Promise<void>;
}

/** Starts both on one free port. */
export async function startPortal(): Promise<LocalPortal> {
  const [clientId, clientSecret] = ['local-client', 'local-client-secret'];
  const accesses: PortalAccess[] = [];
  const called: string[] = [];
  let generation = 0;
  const refuse = (response: ServerResponse, status: number, code: string): void =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ code }));
  const respond = (request: IncomingMessage, response: ServerResponse, body: string): void => {
    const json = (value: object): void =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.url === '/oauth/token') {
      called.push('token');
      const form = new URLSearchParams(body);
      if (form.get('grant_type') !== 'client_credentials' || form.get('client_secret') !== clientSecret)
        return refuse(response, 401, 'invalid_client');
      return json({ access_token: `local-access-${generation}`, token_type: 'bearer', expires_in: 3_600 });
    }
    if (request.headers.authorization !== `Bearer local-access-${generation}`)
      return refuse(response, 401, 'unauthenticated');
    const method = request.url?.startsWith(service) === true ? request.url.slice(service.length) : '';
    called.push(method);
    const asked = JSON.parse(body) as { accessToken?: string };
    if (method === 'ListCodyGatewayAccesses') return json({ accesses });
    if (method !== 'GetCodyGatewayAccess') return refuse(response, 404, 'unimplemented');
    const access = accesses.find(({ accessTokens }) => accessTokens.some(({ token }) => token === asked.accessToken));
    return access === undefined ? refuse(response, 404, 'not_found') : json({ access });
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => respond(request, response, Buffer.concat(chunks).toString('utf8')));
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    clientId,
    clientSecret,
    accesses,
    called,
    expireTokens: () => void generation++,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
