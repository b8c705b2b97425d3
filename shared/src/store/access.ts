// What a connection to Redis proves itself with, and what it wants proved: password or token, and the certificate
// authority. Read anew for each connection, since each of them may be replaced while the process lives. Not the
// connection (client.ts, cluster.ts).

import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import type { Redis } from 'ioredis';

/** Where they come from; what is absent is not used. */
export interface AccessSettings {
  /** Of a file with the password, and nothing else but a line's end; it wins over the URL's. */
  readonly redisPasswordFile?: string | null;
  /**
   * Of a file with the PEM certificates of the authorities that sign this very Redis's certificate, and nobody else's.
   */
  readonly redisCaFile?: string | null;
  /** Whether the password is an access token of this process's account. */
  readonly redisIam?: boolean;
}

/** What the next connection is made with. Null: as the URL says. */
export interface Credentials {
  readonly username: string | null;
  readonly password: string | null;
  readonly tls: ConnectionOptions | null;
}

/** The way to them. */
export interface Access {
  /** @throws Error in words without a secret */
  read(): Promise<Credentials>;
  /** Whether a refused password may be another one at the next connection. */
  readonly changes: boolean;
  /** How often standing connections are authenticated anew, where the token is another one by then; null: never. */
  readonly renewEveryMs: number | null;
}

/** Tokens are renewed minutes before their end (http/access-token.ts). */
const tokenCheckMs = 60_000;
/** The user that IAM's tokens belong to. */
const tokenUser = 'default';

/**
 * Null where the URL says all.
 * @param accessToken gives a token that is valid for a while
 * @throws Error when a token is wanted and there is nobody to ask
 */
export function accessOf(
  url: URL,
  { redisPasswordFile = null, redisCaFile = null, redisIam = false }: AccessSettings,
  accessToken: (() => Promise<string>) | null,
  renewEveryMs: number = tokenCheckMs,
): Access | null {
  const token = redisIam ? accessToken : null;
  if (redisIam && token === null) throw new Error('redis takes access tokens, and this process has none');
  const ca = url.protocol === 'rediss:' ? redisCaFile : null;
  if (token === null && redisPasswordFile === null && ca === null) return null;
  const readPassword = async (): Promise<string | null> => {
    if (token !== null) return token();
    return redisPasswordFile === null ? null : readSecret(redisPasswordFile, 'password');
  };
  return {
    read: async () => {
      const [password, authorities] = await Promise.all([
        readPassword(),
        ca === null ? null : readSecret(ca, 'certificate authority'),
      ]);
      return {
        username: token === null || url.username !== '' ? null : tokenUser,
        password,
        tls: authorities === null ? null : trusting(authorities),
      };
    },
    changes: token !== null || redisPasswordFile !== null,
    renewEveryMs: token === null ? null : renewEveryMs,
  };
}

async function readSecret(file: string, what: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`redis’s ${what} can't be read from ${file} (${error.code ?? error.name}): is its secret mounted?`);
  });
  const value = text.trim();
  if (value === '') throw new Error(`redis’s ${what} is missing: ${file} is empty`);
  return value;
}

/**
 * Memorystore's certificate has the instance's address in its CN and no alternative name, which Node takes no address
 * from. Its authority signs for this instance alone, so whose chain ends there is this Redis, whatever it is called.
 */
function trusting(ca: string): ConnectionOptions {
  return { ca, checkServerIdentity: () => undefined };
}

/** What each connection was last authenticated with. */
const proven = new WeakMap<Redis, string>();

/** Puts them where the client's next connection, and those that are made after its likeness, find them. */
export function apply({ options }: Redis, { username, password, tls }: Credentials): void {
  if (username !== null) options.username = username;
  if (password !== null) options.password = password;
  if (tls !== null) options.tls = tls;
}

/**
 * Makes each connection of one node begin with what is read then.
 * @param known of a cluster's node: what its first connection begins with, at once, since ioredis queues the node's
 * first command while it begins
 * @param failed see prepareConnections
 */
export function prepareNode(
  node: Redis,
  access: Access,
  known: Credentials | null,
  failed: (error: unknown) => boolean,
): void {
  const use = (credentials: Credentials): void => {
    apply(node, credentials);
    if (credentials.password !== null) proven.set(node, credentials.password);
  };
  const first = node.connect.bind(node);
  prepareConnections(node, async () => use(await access.read()), failed);
  if (known === null) return;
  use(known);
  const later = node.connect.bind(node);
  node.connect = () => (node.status === 'wait' ? first() : later());
}

/** What one attempt to read them may take: a mounted secret is fetched when it is read. */
const readTimeoutMs = 1_500;
/** Between two attempts. */
const gapMs = 250;

/**
 * Makes each connection of a client wait for what `prepare` reads, at the first one as at those that it makes by
 * itself.
 * @param failed is told of each attempt that failed; the next one follows, until it says false
 */
export function prepareConnections(
  client: { connect: () => Promise<void> },
  prepare: () => Promise<void>,
  failed: (error: unknown) => boolean,
): void {
  const connect = client.connect.bind(client);
  let connecting: Promise<void> | null = null;
  const prepared = async (): Promise<void> => {
    for (;;) {
      try {
        return await Promise.race([prepare(), tooLong()]);
      } catch (error) {
        if (!failed(error)) throw error;
        await new Promise((resolve) => void setTimeout(resolve, gapMs).unref());
      }
    }
  };
  client.connect = () => {
    connecting ??= prepared()
      .then(connect)
      .finally(() => (connecting = null));
    return connecting;
  };
}

function tooLong(): Promise<never> {
  return new Promise((_resolve, reject) => {
    const message = `redis’s password, token or certificate authority could not be read within ${readTimeoutMs} ms`;
    setTimeout(() => reject(new Error(message)), readTimeoutMs).unref();
  });
}

/**
 * Authenticates standing connections anew when the token is another one. What can't be done now is tried the next
 * time, and told.
 * @returns what ends it
 */
export function renewTokens(access: Access, nodes: () => readonly Redis[], warn: (error: unknown) => void): () => void {
  if (access.renewEveryMs === null) return () => undefined;
  let busy = false;
  const renew = async (): Promise<void> => {
    const credentials = await access.read();
    const { password } = credentials;
    if (password === null) return;
    const outcomes = await Promise.allSettled(
      nodes().map(async (node) => {
        apply(node, credentials);
        if (node.status !== 'ready' || proven.get(node) === password) return;
        await node.auth(node.options.username ?? tokenUser, password);
        proven.set(node, password);
      }),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  };
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    void renew()
      .catch(warn)
      .finally(() => (busy = false));
  }, access.renewEveryMs).unref();
  return () => clearInterval(timer);
}
