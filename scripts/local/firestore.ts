// Firestore's gRPC API in this process, for the real client. Known difference: lastUpdateTime preconditions are ignored (spec platform §6).

import { FirestoreServer } from '@firestore-emulator/server';
import { requireFree } from './port.ts';

type Bound = (error: Error | null, port: number) => void;
interface GrpcServer {
  bindAsync(address: string, credentials: unknown, bound: Bound): void;
  forceShutdown(): void;
}

/** A running emulator. */
export interface LocalFirestore {
  readonly host: string;
  close(): Promise<void>;
}

/** Starts it, empty. @throws Error that names a port which is taken */
export async function startFirestore({ port = 0 }: { port?: number } = {}): Promise<LocalFirestore> {
  await requireFree(port, 'Firestore');
  const emulator = new FirestoreServer();
  let chosen = port;
  // It would listen on every address of the machine; the directory's tokens and limits are for this one alone.
  const { server } = emulator as unknown as { server: GrpcServer };
  const bind = server.bindAsync.bind(server);
  server.bindAsync = (_address, credentials, bound) =>
    bind(`127.0.0.1:${port}`, credentials, (error, actual) => {
      chosen = actual;
      bound(error, actual);
    });
  await emulator.start(port);
  return {
    host: `127.0.0.1:${chosen}`,
    // Its own stop() waits for every client to hang up, half a minute for one that nobody closed.
    close: async () => server.forceShutdown(),
  };
}
