// One port that speaks gRPC to Google's clients and REST to who asks over HTTP/1.1, as Google's own services do.

import type { Server as HttpServer } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';

/** Takes over a connection. */
export type TakeConnection = (socket: Socket) => void;

/** A port that is open. */
export interface OpenPort {
  readonly port: number;
  close(): void;
}

/**
 * Listens on loopback alone.
 * @param grpc takes HTTP/2,
 * @param rest everything else.
 * @throws Error when the port can't be had
 */
export function listenTwice(port: number, grpc: TakeConnection, rest: HttpServer): Promise<OpenPort> {
  const sockets = new Set<Socket>();
  const front = net.createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket)).on('error', () => undefined);
    socket.once('data', (first: Buffer) => {
      socket.pause().unshift(first);
      // HTTP/2 begins with PRI, a call with its method.
      if (first.subarray(0, 3).toString('latin1') === 'PRI') return grpc(socket);
      rest.emit('connection', socket);
      socket.resume();
    });
  });
  return new Promise((resolve, reject) => {
    front.once('error', reject).listen(port, '127.0.0.1', () =>
      resolve({
        port: (front.address() as AddressInfo).port,
        close: () => {
          front.close();
          for (const socket of sockets) socket.destroy();
        },
      }),
    );
  });
}
