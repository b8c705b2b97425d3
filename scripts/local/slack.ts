// Slack's incoming webhook: takes messages of its shape, keeps the last ones, fails on request. No workspace behind it.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from './process/port.ts';

const bodyBytesMax = 1024 * 1024;
/** Older ones are forgotten. */
const messagesMax = 1_000;
const path = '/services/T000/B000/stand-in';

/** A running stand-in with its controls. */
export interface LocalSlack {
  /** The webhook's address. */
  readonly url: string;
  /** Texts of the messages that were taken, oldest first. */
  readonly messages: string[];
  /** How often it was asked, whatever it answered. */
  readonly stats: { asked: number };
  /** Every message is answered with that status and not taken, until `null`. */
  fail(status: number | null): void;
  /** The next message is taken, and its sender gets no answer. */
  hangAfterTaking(): void;
  close(): Promise<void>;
}

/** Starts it. */
export async function startSlack({ port = 0 }: { port?: number } = {}): Promise<LocalSlack> {
  const messages: string[] = [];
  const stats = { asked: 0 };
  let failing: number | null = null;
  let hangs = false;
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await readText(request);
    stats.asked++;
    const reply = (status: number, body: string): void =>
      void response.writeHead(status, { 'content-type': 'text/plain' }).end(body);
    if (request.method !== 'POST' || request.url !== path) return reply(404, 'no_service');
    if (failing !== null) return reply(failing, 'rollup_error');
    const message = sectionText(text);
    if (message === null) return reply(400, 'invalid_payload');
    if (messages.length === messagesMax) messages.shift();
    messages.push(message);
    if (!hangs) return reply(200, 'ok');
    hangs = false;
  };
  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy());
  });
  const bound = await listen(server, port);
  return {
    url: `http://127.0.0.1:${bound}${path}`,
    messages,
    stats,
    fail: (status) => (failing = status),
    hangAfterTaking: () => (hangs = true),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The text of the one section, as the service wants it, or null. */
function sectionText(body: string): string | null {
  try {
    const { blocks } = JSON.parse(body) as { blocks?: { type?: unknown; text?: { type?: unknown; text?: unknown } }[] };
    const [block] = blocks ?? [];
    const text = block?.text?.text;
    return block?.type === 'section' && block.text?.type === 'mrkdwn' && typeof text === 'string' ? text : null;
  } catch {
    return null;
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new Error('request is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
