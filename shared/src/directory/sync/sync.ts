// Brings the list of a source into the directory: writes what changed, prunes what is gone from a list that is complete
// and plausible. Not when (serve).

import type { Config } from '../../config/config.ts';
import type { Documents } from '../../documents/documents.ts';
import { takeLock, type Budget, type Lock, type Store } from '../../store/store.ts';
import { createAccountCopies, type AccountCopies } from '../account-copies.ts';
import type { AccessSource, Statement } from '../sources/access-source.ts';
import { accessSources } from '../sources/configured.ts';
import { digestOf, statedDigests, type StatedDigests } from './stated-digests.ts';
import { pruneSubscriptions, saveStatements, type SavedStatement } from '../statements.ts';

/** A run that died frees the lock within this; one that lives renews it. */
const lockMs = 30_000;
const renewEveryMs = 8_000;
/** Statements in one round of writing. */
const roundSize = 100;
/** Rounds under way at once: Firestore's latency is hidden, its 10,000 writes a second are not reached. */
const roundsAtOnce = 4;
/** One Redis command of a sync; nobody waits for it. */
const commandTimeoutMs = 5_000;
/** Nobody waits for a sync: a short outage of Redis is waited for, and does not undo the work of minutes. */
const budget = (): Budget => ({ leftMs: commandTimeoutMs, patient: true });
/** So few may always be missing: a share says nothing about a handful. */
const missingAlways = 5;

/** What a run did. */
export interface SyncReport {
  /** Somebody else is at it: nothing was done. */
  skipped: boolean;
  listed: number;
  changed: number;
  /** Tokens that are nobody's any more. */
  revoked: number;
  pruned: number;
  /** Subscriptions that are gone from the list but were not removed, because too many are. */
  withheld: number;
  /** Records of the list that could not be read, or whose limits could not. */
  unreadable: number;
}

/** Says how far a run is, and measures its steps. */
export interface SyncTrace {
  step<T>(name: 'list' | 'compare' | 'prune', work: () => Promise<T>): Promise<T>;
  log(
    severity: 'INFO' | 'WARNING' | 'ERROR',
    message: string,
    fields: Readonly<Record<string, string | number | boolean>>,
  ): void;
}

/** A sync of this process. */
export interface SubscriptionSync {
  /**
   * One run; a run that was cut off is gone on with by the next, since what is written by then is not written again.
   * @throws SourceUnavailable, StoreUnavailable, what Firestore throws: what was written until then stands, nothing was
   * pruned
   */
  run(trace: SyncTrace, signal: AbortSignal): Promise<SyncReport>;
}

/** What a sync needs. */
export interface SyncSettings {
  readonly config: Config;
  readonly store: Store;
  readonly documents: Documents;
  readonly now: () => number;
}

/** Between which a sync goes back and forth. */
interface SyncParts extends SyncSettings {
  readonly copies: AccountCopies;
}

/** Null where no source lists. */
export function createSync(settings: SyncSettings): SubscriptionSync | null {
  const { config, store, now } = settings;
  const source = accessSources(config, now).find(({ list }) => list !== null);
  if (source === undefined) return null;
  const parts = { ...settings, copies: createAccountCopies(store) };
  return {
    run: async (trace, signal) => {
      const report: SyncReport = {
        skipped: false,
        listed: 0,
        changed: 0,
        revoked: 0,
        pruned: 0,
        withheld: 0,
        unreadable: 0,
      };
      const lock = await takeLock(store, 'sync-subscriptions', lockMs, budget());
      if (lock === null) return { ...report, skipped: true };
      const { held, stop } = holdLock(lock, signal);
      try {
        await sync(parts, source, trace, held, report);
        return report;
      } finally {
        stop();
        await lock.release(budget()).catch(() => undefined);
      }
    },
  };
}

/** Renews the lock until stopped; the signal aborts when it is lost. */
function holdLock(lock: Lock, signal: AbortSignal): { held: AbortSignal; stop: () => void } {
  const lost = new AbortController();
  const renew = async (): Promise<void> => {
    const ours = await lock.renew(budget());
    if (!ours) lost.abort(new Error('the lock of the sync went to somebody else'));
  };
  const timer = setInterval(() => {
    renew().catch((error: unknown) => lost.abort(error));
  }, renewEveryMs);
  return { held: AbortSignal.any([signal, lost.signal]), stop: () => clearInterval(timer) };
}

async function sync(
  parts: SyncParts,
  source: AccessSource,
  trace: SyncTrace,
  held: AbortSignal,
  report: SyncReport,
): Promise<void> {
  const stated = statedDigests(parts.store, parts.documents, source.origin, commandTimeoutMs);
  const before = await trace.step('compare', () => stated.read(held));
  const seen = new Set<string>();
  let limitsUnreadable = 0;
  await trace.step('list', async () => {
    const writing = new Set<Promise<void>>();
    const failed: unknown[] = [];
    try {
      for await (const page of source.list?.(held) ?? []) {
        report.listed += page.statements.length + page.unreadable.length;
        report.unreadable += page.unreadable.length;
        limitsUnreadable += page.statements.filter(({ unreadableLimits }) => unreadableLimits.length > 0).length;
        for (const id of page.unreadable) seen.add(id);
        const changed = page.statements.filter((statement) => {
          seen.add(statement.id);
          return before.get(statement.id) !== digestOf(statement);
        });
        for (let i = 0; i < changed.length; i += roundSize) {
          if (writing.size >= roundsAtOnce) await Promise.race(writing);
          if (failed.length > 0) throw failed[0];
          held.throwIfAborted();
          const round = changed.slice(i, i + roundSize);
          const work = writeRound(parts, source, round, stated, report)
            .catch((error: unknown) => void failed.push(error))
            .finally(() => writing.delete(work));
          writing.add(work);
          if (i > 0 && i % (roundSize * 50) === 0)
            trace.log('INFO', 'subscriptions are being written', { written: report.changed, of: changed.length });
        }
      }
    } finally {
      // Also after a fault: what is being written is written under the lock.
      await Promise.all(writing);
    }
    if (failed.length > 0) throw failed[0];
  });
  if (report.unreadable > 0)
    trace.log('ERROR', 'subscriptions in the source’s list could not be read and stay as they are', {
      unreadable: report.unreadable,
    });
  if (limitsUnreadable > 0)
    trace.log('ERROR', 'limits in the source’s list are no numbers that a quota can be: no access to those features', {
      subscriptions: limitsUnreadable,
    });
  report.unreadable += limitsUnreadable;
  const gone = [...before.keys()].filter((id) => !seen.has(id));
  if (gone.length === 0) return;
  if (!plausible(gone.length, before.size, seen, parts.config.syncPrunePercentMax)) {
    report.withheld = gone.length;
    trace.log('ERROR', 'the source’s list lacks more subscriptions than is believed: none is removed', {
      missing: gone.length,
      known: before.size,
      listed: report.listed,
      percent_max: parts.config.syncPrunePercentMax,
    });
    return;
  }
  await trace.step('prune', async () => {
    for (let i = 0; i < gone.length; i += roundSize) {
      held.throwIfAborted();
      const round = gone.slice(i, i + roundSize);
      const { version, tokens } = await pruneSubscriptions(await parts.documents.client(), round, parts.now());
      await revokeCopies(parts, tokens, version);
      await stated.forget(round);
      report.pruned += round.length;
      report.revoked += tokens.length;
    }
  });
}

/**
 * A list that shrinks too much is a fault of the source rather than many customers who left at once; an empty one
 * always.
 */
function plausible(missing: number, known: number, seen: ReadonlySet<string>, percentMax: number): boolean {
  // One without a name may be any of the missing.
  if (seen.size === 0 || seen.has('')) return false;
  return missing <= Math.max(missingAlways, Math.floor((known * percentMax) / 100));
}

async function writeRound(
  parts: SyncParts,
  source: AccessSource,
  statements: readonly Statement[],
  stated: StatedDigests,
  report: SyncReport,
): Promise<void> {
  const { documents, copies, now } = parts;
  const saved = await saveStatements(await documents.client(), statements, source.origin, now());
  await Promise.all(saved.map((one) => publish(copies, one)));
  await stated.keep(statements);
  report.changed += saved.length;
  report.revoked += saved.reduce((sum, { revoked }) => sum + revoked.length, 0);
}

/** Brings the copies in Redis up to date; where Redis fails, they are believed for a minute at most. */
async function publish(copies: AccountCopies, { account, tokens, revoked }: SavedStatement): Promise<void> {
  await Promise.allSettled([
    ...tokens.map((hash) => copies.renew(hash, account, budget())),
    ...revoked.map((hash) => copies.revoke(hash, account.version, budget())),
  ]);
}

async function revokeCopies({ copies }: SyncParts, tokens: readonly string[], version: number): Promise<void> {
  await Promise.allSettled(tokens.map((hash) => copies.revoke(hash, version, budget())));
}
