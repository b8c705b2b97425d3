// A Redis whose password is changed as Memorystore changes it: AUTH is switched off and on again, with a new string.
// Standing connections live on; while it is off whoever offers a password is refused it; when it is on again the new
// string counts alone.

import { connect, createServer, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { listen } from './port.ts';
import { startRedis } from './redis.ts';

/** A running one. */
export interface RotatingRedis {
  readonly url: string;
  /** What whoever offers a password is told meanwhile: by default what Redis says to AUTH where no password is set. */
  off(refusal?: string): Promise<void>;
  on(password: string): Promise<void>;
  /** Ends all connections, as maintenance does. */
  dropConnections(): void;
  close(): Promise<void>;
}

const noPassword =
  '-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?';

/** Starts it, switched on with that password. */
export async function startRotatingRedis(first: string): Promise<RotatingRedis> {
  const redis = await startRedis();
  // A standing connection: it never has to offer a password again.
  const admin = new Redis(redis.url);
  let refusal: string | null = null;
  const sockets = new Set<Socket>();
  const front = createServer((client) => {
    const server = connect(redis.port, '127.0.0.1');
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    // Clients offer it in what they send first, which on loopback comes whole.
    client.once('data', (data: Buffer) => {
      const { offered, rest } = withoutPassword(data.toString('latin1'));
      if (offered && refusal !== null) client.write(`${refusal}\r\n`);
      server.write(offered && refusal !== null ? Buffer.from(rest, 'latin1') : data);
      client.pipe(server);
    });
    server.pipe(client);
  });
  const port = await listen(front);
  const on = async (password: string): Promise<void> => {
    await admin.config('SET', 'requirepass', password);
    refusal = null;
  };
  await on(first);
  return {
    url: `redis://127.0.0.1:${port}`,
    on,
    off: async (words = noPassword) => {
      refusal = words;
      await admin.config('SET', 'requirepass', '');
    },
    dropConnections: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => front.close(resolve));
      admin.disconnect();
      await redis.close();
    },
  };
}

/** The commands without the first, where that is AUTH or a HELLO that has it. */
function withoutPassword(text: string): { readonly offered: boolean; readonly rest: string } {
  const [head = '', ...others] = text.split(/(?=^\*\d+\r\n)/m);
  return { offered: /\r\nauth\r\n/i.test(head), rest: others.join('') };
}
