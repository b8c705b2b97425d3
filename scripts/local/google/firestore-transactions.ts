// What the emulator leaves out of a transaction: that it ends without its writes when somebody else has changed what
// it read. The real client then runs it again.

import { randomBytes } from 'node:crypto';

/** Documents, each with a metadata object that is a new one after every write. */
interface Documents {
  getDocument(name: string): { readonly metadata: object };
}
interface Message {
  transaction?: Uint8Array;
}
interface ReadCall {
  readonly request: Message & { readonly documents: readonly string[]; readonly has_new_transaction: boolean };
  write(answer: Message): unknown;
}
interface CommitCall {
  readonly request: Message;
}
type Callback = (error: object | null, answer: Message | null) => void;
/** Of grpc-js: a server's methods by their paths. */
export interface Handlers {
  get(path: string): { func: (call: never, callback: never) => void } | undefined;
}

/** gRPC's ABORTED. */
const aborted = 10;
/** Of transactions that were never ended: the oldest are forgotten. */
const openMax = 1_000;

/** Makes transactions see each other. */
export function isolateTransactions(handlers: Handlers, documents: Documents): void {
  /** By transaction, what each document was when it was read. */
  const open = new Map<string, Map<string, object>>();
  const begin = (): Uint8Array => {
    const id = randomBytes(12);
    open.set(keyOf(id), new Map());
    for (const oldest of open.keys()) if (open.size > openMax) open.delete(oldest);
    return id;
  };
  replace(handlers, 'BatchGetDocuments', (original) => (call: ReadCall, callback: Callback) => {
    const { request } = call;
    const begun = request.has_new_transaction ? begin() : null;
    const reads = open.get(keyOf(begun ?? request.transaction));
    for (const name of request.documents) {
      const { metadata } = documents.getDocument(name);
      if (reads !== undefined && !reads.has(name)) reads.set(name, metadata);
    }
    const write = call.write.bind(call);
    call.write = (answer) => {
      if (begun !== null && (answer.transaction?.length ?? 0) > 0) answer.transaction = begun;
      return write(answer);
    };
    original(call, callback);
  });
  replace(handlers, 'BeginTransaction', (original) => (call: unknown, callback: Callback) => {
    original(call, ((error, answer) => {
      if (answer !== null) answer.transaction = begin();
      callback(error, answer);
    }) satisfies Callback);
  });
  replace(handlers, 'Commit', (original) => (call: CommitCall, callback: Callback) => {
    const key = keyOf(call.request.transaction);
    const reads = [...(open.get(key) ?? [])];
    open.delete(key);
    if (reads.every(([name, metadata]) => documents.getDocument(name).metadata === metadata)) original(call, callback);
    else callback({ code: aborted, message: 'a document of this transaction was changed meanwhile' }, null);
  });
}

const keyOf = (id: Uint8Array | undefined): string => Buffer.from(id ?? []).toString('hex');

type Method<Call> = (call: Call, callback: Callback) => void;

function replace<Call>(handlers: Handlers, name: string, wrap: (original: Method<unknown>) => Method<Call>): void {
  const handler = handlers.get(`/google.firestore.v1.Firestore/${name}`);
  if (handler === undefined) throw new Error(`the emulator has no ${name}`);
  handler.func = wrap(handler.func as unknown as Method<unknown>);
}
