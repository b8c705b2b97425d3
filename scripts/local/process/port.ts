// Ports on loopback: a free one for a program that can't choose its own.

import { createServer, type AddressInfo, type Server } from 'node:net';

/**
 * Below the ports that Linux (32768 up) and macOS (49152 up) give to outgoing connections: none of those takes it
 * before its program does.
 */
const freePortMin = 15_000;
const freePortMax = 31_999;
const triesMax = 50;

/** A port that was free a moment ago. @throws Error when none of many was free */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < triesMax; tries++) {
    const port = freePortMin + Math.floor(Math.random() * (freePortMax - freePortMin + 1));
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port among ${triesMax} from ${freePortMin} to ${freePortMax}`);
}

/** Whether a server could listen on it now. */
export async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    await listen(probe, port);
  } catch {
    return false;
  }
  await new Promise((resolve) => probe.close(resolve));
  return true;
}

/** @param port 0: any. @param what listens there, for the message. @throws Error that names a port which is taken */
export async function requireFree(port: number, what: string): Promise<void> {
  if (port !== 0 && !(await isFree(port))) throw new Error(`port ${port} is taken: ${what} cannot listen there`);
}

/** Listens on loopback and gives the port. @throws Error that names a port which is taken */
export function listen(server: Server, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new Error(`port ${port} is taken`) : error),
    );
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
