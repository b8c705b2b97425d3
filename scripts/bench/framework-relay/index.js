// A functions-framework function that does nothing but relay: what a gateway on this platform would reach if it had
// nothing to do. As the framework hands requests over, body parsed; plain JavaScript, since it is not built.

import http from 'node:http';
import { http as register } from '@google-cloud/functions-framework';

const agent = new http.Agent({ keepAlive: true, maxSockets: 2_000, scheduling: 'lifo' });

register('gateway', (request, response) => {
  // How whoever starts a function sees that it listens.
  if (request.url === '/-/__version') return response.end();
  const body = request.rawBody;
  const outgoing = http.request(`${process.env.PROVIDER_URL}${request.url}`, {
    method: 'POST',
    agent,
    headers: {
      authorization: request.headers.authorization,
      'content-type': request.headers['content-type'],
      'content-length': String(body.length),
    },
  });
  outgoing.once('response', (answer) => {
    response.writeHead(answer.statusCode, { 'content-type': answer.headers['content-type'] });
    answer.pipe(response);
  });
  outgoing.once('error', () => response.destroy());
  outgoing.end(body);
  return undefined;
});
