// What an error that comes back from Redis, or from the way to it, says of the server. Not what follows from it
// (connection.ts).

import { redact } from '../telemetry/telemetry.ts';
import type { StoreUnavailable } from './time-budget.ts';

/**
 * `away`: it serves nobody now: it loads, is a replica after a failover, has too few replicas, hangs in a script,
 * knows us no more, or its cluster has no master. `perhaps`: it lets us not do this one thing, or nothing at all: a
 * probe tells. `full`: it takes no more memory, and gives back what it is asked to. `moving`: the keys are on their
 * way to another node. `fault`: this one command is wrong. `away`, `full` and `moving` say that nothing was applied.
 * Null: Redis said nothing.
 */
export type Refusal = 'away' | 'perhaps' | 'full' | 'moving' | 'fault';

const refusals: Readonly<Record<string, Refusal>> = {
  LOADING: 'away',
  READONLY: 'away',
  MASTERDOWN: 'away',
  CLUSTERDOWN: 'away',
  MISCONF: 'away',
  NOREPLICAS: 'away',
  BUSY: 'away',
  UNKILLABLE: 'away',
  NOAUTH: 'away',
  WRONGPASS: 'away',
  NOPERM: 'perhaps',
  OOM: 'full',
  TRYAGAIN: 'moving',
};

/** Redis 6 wraps what a script's command was told; later ones hand it on as it is. */
const wrapping = /^ERR Error running script\b[^]*? -(?=[A-Z]+\b)/;
const code = /^[A-Z]+\b/;
/** ioredis, when a command was sent back and forth too often: each time nothing was applied. */
const bounced = 'Too many Cluster redirections';

/**
 * What a script is told in place of NOPERM, perhaps after other commands of its: by 6.2 and 7.0, then by 7.2, 8 and
 * Valkey.
 */
const scriptForbidden = /The user executing the script can't run this command|\bACL failure in script: /;

/** The refusal's code, such as `READONLY`; null where Redis said nothing, or `ERR`. */
export function codeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  if (scriptForbidden.test(error.message)) return 'NOPERM';
  const [found] = code.exec(error.message.replace(wrapping, '')) ?? [];
  return found !== undefined && Object.hasOwn(refusals, found) ? found : null;
}

/** @see Refusal */
export function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof Error)) return null;
  if (error.message.startsWith(bounced)) return 'moving';
  const found = codeOf(error);
  if (found !== null) return refusals[found] ?? null;
  return error.name === 'ReplyError' ? 'fault' : null;
}

/** Of these the client of a lost connection speaks, where the connection itself said why. */
const echoes =
  /^(?:Stream isn't writeable|Connection is closed|the cluster is not connected|Command aborted|Reached the max retries)/;

/** Whether it tells anything of Redis or the way to it: what the client says of a connection that is gone does not. */
export function tells(error: unknown): error is Error {
  return error instanceof Error && !echoes.test(error.message);
}

/**
 * What tells one reason from another: a refusal's code, whatever stands behind it; else the words. Null where there is
 * none.
 */
export function reasonOf(error: unknown): string | null {
  return codeOf(error) ?? wordsOf(error);
}

/** Redis's own words where a wait was in vain since this one command is wrong, and stays so; null: it may pass. */
export function faultWords({ cause }: StoreUnavailable): string | null {
  return refusalOf(cause) === 'fault' ? (wordsOf(cause) ?? 'a fault without words') : null;
}

const wordsMax = 200;

/**
 * An error's words for a log line: an unknown command's arguments, which can be a password, are left out. Null where
 * it has none.
 */
export function wordsOf(error: unknown): string | null {
  if (!tells(error)) return null;
  const [words = ''] = error.message.replace(wrapping, '').split(/[,\s]+with args beginning with|\r?\n/i);
  return redact(words).slice(0, wordsMax);
}
