// The first connection of a process: when it is tried, who may wait for it how long, and when the port may open. Not
// the later ones (client.ts).

import { within } from '../telemetry/telemetry.ts';
import { StoreUnavailable } from './time-budget.ts';
import { connectTimeoutMs } from './client.ts';
import { awaitWay } from './way.ts';

const defaultPort = 6379;
/**
 * What a Redis that can be reached may take for the handshake before the port opens; a caller waits longer
 * (connectTimeoutMs).
 */
const handshakeMs = 500;

/** What it connects. */
export interface FirstConnectionParts {
  readonly url: URL;
  /** How long silence on the way is waited for. */
  readonly startMs: number;
  /** One attempt; whoever makes it reconnects by itself from there on. */
  readonly connect: () => Promise<void>;
  /** Nobody has answered for as long as a start may wait. */
  readonly silent: (error: Error) => void;
  /** Whether it failed for a password that may be another one the next time. */
  readonly passwordRefused: () => boolean;
  /** Resolves when nothing is away any more. */
  readonly back: () => Promise<void>;
}

/** See the functions of the same names in Store. */
export interface FirstConnection {
  connect(): void;
  opened(): Promise<void>;
  /** Whether the first attempt has ended, however it did. */
  over(): boolean;
  /**
   * Waits for its end, with a deadline of its own: the budget of a request is for a Redis that is there.
   * @throws StoreUnavailable when it failed
   */
  done(): Promise<void>;
  stop(): void;
}

/** Nothing is tried before the first command. */
export function createFirstConnection(parts: FirstConnectionParts): FirstConnection {
  const { url, startMs } = parts;
  const seeking = new AbortController();
  let way: Promise<boolean> | null = null;
  let first: Promise<void> | null = null;
  let over = false;
  let stopped = false;

  /** @returns false: only silence, for as long as a start may wait */
  const openWay = (): Promise<boolean> => {
    way ??= within(
      awaitWay(hostOf(url), Number(url.port || defaultPort), connectTimeoutMs, seeking.signal).then(() => true),
      startMs,
      () => false,
    );
    return way;
  };

  const attempt = async (): Promise<void> => {
    const answered = await openWay();
    seeking.abort();
    if (stopped) throw new Error('the store is closed');
    const connecting = parts.connect();
    if (!answered) {
      over = true;
      parts.silent(new Error(`nobody answers on the way to ${url.host}: nothing came within ${startMs} ms`));
    }
    return connecting;
  };

  const connect = (): Promise<void> => {
    first ??= attempt().finally(() => (over = true));
    // Whoever waits for it is told.
    first.catch(() => undefined);
    return first;
  };

  return {
    connect: () => void connect(),
    opened: async () => {
      const endMs = performance.now() + startMs;
      const connecting = connect();
      if (!(await openWay())) return;
      await within(connecting, handshakeMs, () => undefined).catch(() => undefined);
      const leftMs = Math.max(0, endMs - performance.now());
      if (parts.passwordRefused()) await within(parts.back(), leftMs, () => undefined);
    },
    over: () => over,
    done: () =>
      within(connect(), connectTimeoutMs, () => {
        throw new Error(`not within ${connectTimeoutMs} ms`);
      }).catch((error: unknown) => {
        throw new StoreUnavailable('redis cannot be connected', { sent: false, cause: error });
      }),
    stop: () => {
      stopped = true;
      seeking.abort();
    },
  };
}

/** Without the brackets of an IPv6 address. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
