// Firestore's gRPC API in this process, for the real client. Known difference: lastUpdateTime preconditions are ignored (spec platform §6).

import { FirestoreServer } from '@firestore-emulator/server';
import { freePort } from './port.ts';

/** A running emulator. */
export interface LocalFirestore {
  readonly host: string;
  close(): Promise<void>;
}

export async function startFirestore({ port }: { port?: number } = {}): Promise<LocalFirestore> {
  const chosen = port ?? (await freePort());
  const server = new FirestoreServer();
  await server.start(chosen);
  return { host: `127.0.0.1:${chosen}`, close: async () => server.stop() };
}
