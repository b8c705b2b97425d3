// Firestore in this process, on one port as Google's emulator: gRPC for the real client, REST for who reads a document
// (firestore-rest.ts). Known difference: lastUpdateTime preconditions are ignored.

import type { Socket } from 'node:net';
import { FirestoreServer } from '@firestore-emulator/server';
import { firestoreRest, type EmulatedDocuments } from './firestore-rest.ts';
import { isolateTransactions, type Handlers } from './firestore-transactions.ts';
import { requireFree } from '../process/port.ts';
import { listenTwice, type OpenPort } from './two-protocols.ts';

type Bound = (error: Error | null, port: number) => void;
interface GrpcServer {
  readonly handlers: Handlers;
  bindAsync(address: string, credentials: unknown, bound: Bound): void;
  createConnectionInjector(credentials: unknown): { injectConnection(socket: Socket): void };
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
  keepDocumentsInPlace(emulator);
  const { server: grpc, state } = emulator as unknown as { server: GrpcServer; state: EmulatedDocuments };
  isolateTransactions(grpc.handlers, state);
  const rest = firestoreRest(state);
  let open: OpenPort | null = null;
  // By itself it would listen for gRPC alone, and on every address of the machine: the directory's tokens and limits
  // are for this one.
  grpc.bindAsync = (_address, credentials, bound) => {
    const injector = grpc.createConnectionInjector(credentials);
    listenTwice(port, (socket) => injector.injectConnection(socket), rest).then(
      (opened) => bound(null, (open = opened).port),
      (error: Error) => bound(error, port),
    );
  };
  await emulator.start(port);
  const { port: chosen } = open as unknown as OpenPort;
  return {
    host: `127.0.0.1:${chosen}`,
    // Its own stop() waits for every client to hang up, half a minute for one that nobody closed.
    close: async () => {
      grpc.forceShutdown();
      open?.close();
    },
  };
}

interface EmulatedCollection {
  documents: Record<string, object>;
  readonly emitter: unknown;
  readonly database: unknown;
  getDocument(name: string): object;
}
interface EmulatedState {
  getCollection(path: string): EmulatedCollection;
  clear(): void;
}

/**
 * The emulator copies a collection with each document that it gets: 20,000 subscriptions took minutes. Here a document
 * is put into the collection that there is; nobody looks at an older one.
 */
function keepDocumentsInPlace(emulator: FirestoreServer): void {
  const { state } = emulator as unknown as { state: EmulatedState };
  const collection = state.getCollection('projects/p/databases/d/documents/c');
  const Document = collection.getDocument('d').constructor as new (...parts: unknown[]) => object;
  const prototype = Object.getPrototypeOf(collection) as EmulatedCollection;
  prototype.getDocument = function getDocument(this: EmulatedCollection, name: string): object {
    if (Object.isFrozen(this.documents)) this.documents = { ...this.documents };
    return (this.documents[name] ??= new Document(this.emitter, this.database, this, name, {}, {}));
  };
  state.clear();
}
