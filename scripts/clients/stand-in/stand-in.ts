// One server in place of all providers: the path tells the dialect, the prompt the scene. It knows the key of the
// gateway and no other.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../../local/process/port.ts';
import { messageEvents, wholeMessage } from './anthropic-messages.ts';
import { contentEvents, wholeContent } from './google-content.ts';
import { chatEvents, wholeChat } from './openai-chat.ts';
import { responseEvents, wholeResponse } from './openai-responses.ts';
import { firstText, sceneOf, type Answer } from './scene.ts';

const bodyBytesMax = 16 * 2 ** 20;
/** Before a connection breaks: what was written is on its way by then. */
const cutAfterMs = 50;
/** Longer than a case may take (drivers/harness.mjs). */
const heldMs = 40_000;

/** What of a request's body the stand-in reads. */
interface Request {
  readonly model?: string;
  readonly stream?: boolean;
  readonly stream_options?: { include_usage?: boolean };
  readonly tools?: readonly Tool[];
}

interface Tool {
  readonly name?: string;
  readonly function?: { name: string };
  readonly functionDeclarations?: readonly { name: string }[];
}

interface Dialect {
  readonly path: RegExp;
  whole(answer: Answer, model: string): object;
  events(answer: Answer, model: string, request: Request): string[];
  failure(status: number): object;
}

const openAiFailure = (status: number): object => ({
  error: {
    message: 'The stand-in fails as told.',
    type: status === 429 ? 'requests' : 'server_error',
    param: null,
    code: status === 429 ? 'rate_limit_exceeded' : null,
  },
});
const dialects: readonly Dialect[] = [
  {
    path: /^\/v1\/chat\/completions$/,
    whole: wholeChat,
    events: (answer, model, { stream_options: options }) => chatEvents(answer, model, options?.include_usage === true),
    failure: openAiFailure,
  },
  { path: /^\/v1\/responses$/, whole: wholeResponse, events: responseEvents, failure: openAiFailure },
  {
    path: /^\/v1\/messages$/,
    whole: wholeMessage,
    events: messageEvents,
    failure: (status) => ({
      type: 'error',
      error: {
        type: { 429: 'rate_limit_error', 529: 'overloaded_error' }[status] ?? 'api_error',
        message: 'The stand-in fails as told.',
      },
      request_id: 'req_matrix',
    }),
  },
  {
    path: /^\/v1(?:beta)?\/models\/([^/:]+):(?:generateContent|streamGenerateContent)$/,
    whole: wholeContent,
    events: contentEvents,
    failure: (code) => ({
      error: { code, message: 'The stand-in fails as told.', status: code === 429 ? 'RESOURCE_EXHAUSTED' : 'INTERNAL' },
    }),
  },
];

/** A running stand-in. */
export interface MatrixStandIn {
  readonly url: string;
  close(): Promise<void>;
}

/** @param key what every dialect's key header must hold */
export async function startStandIn(key: string): Promise<MatrixStandIn> {
  const server = createServer((request, response) => {
    answer(request, response, key).catch(() => response.destroy());
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, key: string): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://stand-in');
  const dialect = dialects.find(({ path }) => path.test(pathname));
  const { authorization, 'x-api-key': apiKey, 'x-goog-api-key': googleKey } = request.headers;
  if (dialect === undefined) return send(response, 404, { error: { message: `The stand-in has no ${pathname}` } });
  if (![authorization, apiKey, googleKey].some((sent) => sent === key || sent === `Bearer ${key}`))
    return send(response, 401, dialect.failure(401));
  const text = await bodyOf(request);
  const body = JSON.parse(text) as Request;
  const model = body.model ?? dialect.path.exec(pathname)?.[1] ?? '';
  const scene = sceneOf(text, toolsOf(body));
  if ('status' in scene) return send(response, scene.status, dialect.failure(scene.status));
  const isWhole = body.stream !== true && !pathname.endsWith(':streamGenerateContent');
  if (isWhole && scene.silentMs !== undefined) await sleep(scene.silentMs);
  if (isWhole) return send(response, 200, dialect.whole(scene, model));
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const events = dialect.events(scene, model, body);
  if (scene.silentMs !== undefined) {
    response.write(events.slice(0, 1).join(''));
    await sleep(scene.silentMs);
    return void response.end(events.slice(1).join(''));
  }
  if (scene.held === true) {
    response.write(events.slice(0, 1 + events.findIndex((event) => event.includes(firstText))).join(''));
    // A client that has seen it leaves; one that waits for more waits in vain, which is what this case is about.
    const timer = setTimeout(() => response.destroy(), heldMs);
    return void response.once('close', () => clearTimeout(timer));
  }
  if (scene.cut !== true) return void response.end(events.join(''));
  response.write(events.slice(0, Math.ceil(events.length / 2)).join(''));
  await sleep(cutAfterMs);
  response.destroy();
}

function toolsOf({ tools = [] }: Request): string[] {
  return tools.flatMap(({ name, function: own, functionDeclarations = [] }) => [
    ...(own === undefined ? [] : [own.name]),
    ...(name === undefined ? [] : [name]),
    ...functionDeclarations.map(({ name }) => name),
  ]);
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** @throws Error for a body that is larger than any client's */
async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    if ((bytes += chunk.length) > bodyBytesMax) throw new Error('too large');
  }
  return Buffer.concat(chunks).toString('utf8');
}
