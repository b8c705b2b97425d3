// What any gateway must pay on this machine, in a process of its own: node:http that relays, and one Redis trip each
// way. No rules, no events. The benchmark sets the gateway's added time beside this one's.

import http from 'node:http';
import { Redis } from 'ioredis';

const [provider = '', redisUrl = ''] = process.argv.slice(2);
const redis = new Redis(redisUrl);
const agent = new http.Agent({ keepAlive: true, maxSockets: 2_000, scheduling: 'lifo' });

const server = http.createServer((request, response) => {
  relay(request, response).catch(() => response.destroy());
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  // Whoever started it is gone, killed say.
  process.once('disconnect', () => process.exit());
  process.send?.({ url: `http://127.0.0.1:${port}` });
});

async function relay(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const body = Buffer.concat(await request.toArray());
  await redis.incr('admitted');
  const { authorization = '', 'content-type': type = '' } = request.headers;
  const headers = { authorization, 'content-type': type, 'content-length': String(body.length) };
  const outgoing = http.request(`${provider}${request.url ?? '/'}`, { method: 'POST', agent, headers });
  outgoing.end(body);
  const answer = await new Promise<http.IncomingMessage>((resolve, reject) =>
    outgoing.once('response', resolve).once('error', reject),
  );
  const bytes = Buffer.concat(await answer.toArray());
  await redis.incr('settled');
  response.writeHead(answer.statusCode ?? 502, { 'content-type': answer.headers['content-type'] });
  response.end(bytes);
}
