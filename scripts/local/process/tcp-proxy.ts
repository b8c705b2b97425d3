// A TCP proxy on loopback that stands between a client and its server and can be as bad as a network: it knows no
// protocol.

import { connect, createServer, type Socket } from 'node:net';
import { listen } from './port.ts';

/**
 * What it does with what passes. `pass`: all of it. `hold`: keeps it until it passes again, as a server that hangs.
 * `swallow`: nothing ever comes through on the connections of that time, as on a dead path. `refuse`: ends them and
 * takes no new ones.
 */
export type ProxyMode = 'pass' | 'hold' | 'swallow' | 'refuse';

/** A running proxy. */
export interface TcpProxy {
  readonly port: number;
  readonly url: string;
  /** Connections taken so far. */
  readonly taken: () => number;
  set(mode: ProxyMode): Promise<void>;
  /**
   * Cuts the connection at the next request in whose bytes `text` stands: before it is passed on (`request`: it is not
   * applied), or when its answer comes (`reply`: it is, and nobody hears). Resolves when it has.
   */
  cut(what: 'request' | 'reply', text: string): Promise<void>;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  dead: boolean;
}

/** Starts one in front of a port. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let mode: ProxyMode = 'pass';
  let taken = 0;
  let cutting: { readonly what: 'request' | 'reply'; readonly text: string; readonly done: () => void } | null = null;
  const end = (pair: Pair): void => {
    pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  };
  const proxy = createServer((client) => {
    taken++;
    const pair = { client, server: connect(targetPort, '127.0.0.1'), dead: mode === 'swallow' };
    pairs.add(pair);
    if (mode === 'hold') for (const socket of [pair.client, pair.server]) socket.pause();
    let cutAtReply: (() => void) | null = null;
    client.on('data', (data: Buffer) => {
      if (pair.dead) return;
      if (cutting !== null && data.includes(cutting.text)) {
        const { what, done } = cutting;
        cutting = null;
        if (what === 'request') {
          end(pair);
          return done();
        }
        cutAtReply = done;
      }
      pair.server.write(data);
    });
    pair.server.on('data', (data: Buffer) => {
      if (cutAtReply !== null) {
        end(pair);
        return cutAtReply();
      }
      if (!pair.dead) client.write(data);
    });
    for (const socket of [pair.client, pair.server]) {
      socket.on('error', () => end(pair));
      socket.on('close', () => end(pair));
    }
  });
  const port = await listen(proxy);
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    taken: () => taken,
    set: async (next) => {
      mode = next;
      for (const pair of pairs) {
        if (next === 'swallow') pair.dead = true;
        for (const socket of [pair.client, pair.server])
          if (next === 'hold') socket.pause();
          else socket.resume();
      }
      if (next === 'refuse') {
        for (const pair of pairs) end(pair);
        if (proxy.listening) await new Promise((resolve) => proxy.close(resolve));
      } else if (!proxy.listening) await listen(proxy, port);
    },
    cut: (what, text) => new Promise((resolve) => (cutting = { what, text, done: resolve })),
    close: async () => {
      for (const pair of pairs) end(pair);
      if (proxy.listening) await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
