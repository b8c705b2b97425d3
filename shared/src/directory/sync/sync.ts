// Brings the list of a source into the directory: writes what changed, prunes what is gone from a list that is complete
// and plausible. Not when (serve).

import type { Config } from '../../config/config.ts';
import type { Documents } from '../../documents/documents.ts';
import { takeLock, type TimeBudget, type Lock, type Store } from '../../store/store.ts';
import { createAccountCopies, type AccountCopies } from '../account-copies.ts';
import type { AccessSource, Statement } from '../sources/access-source.ts';
import { accessSources } from '../sources/configured.ts';
import { saveStatements, type SavedStatement } from '../statements.ts';
import { pruneSubscriptions } from '../withdrawals.ts';
import { goneOf } from './missing.ts';
import { readList, type SourceList } from './source-list.ts';
import { digestOf, statedDigests, type StatedDigests } from './stated-digests.ts';
import type { SyncTrace } from './sync-trace.ts';

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
const budget = (): TimeBudget => ({ leftMs: commandTimeoutMs, patient: true });
/** Each names two subscriptions. */
const sharedToldMax = 10;

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
  const run = await trace.step('list', async () => {
    const list = await readList(source, held);
    tell(list, trace, report);
    const begun: Run = { parts, source, stated, list, report, written: new Set() };
    await writeChanged(begun, before, trace, held);
    return begun;
  });
  const { list } = run;
  if (list.fault !== null) throw list.fault.error;
  const missing = [...before.keys()].filter((id) => !list.statements.has(id) && !list.unreadable.has(id));
  if (missing.length === 0) return;
  const percentMax = parts.config.syncPrunePercentMax;
  await trace.step('prune', async () => {
    const gone = await goneOf(
      { missing, known: before.size, list, source, percentMax, nowMs: parts.now() },
      trace,
      held,
    );
    report.withheld = missing.length - gone.length;
    for (let i = 0; i < gone.length; i += roundSize) {
      held.throwIfAborted();
      await pruneRound(run, gone.slice(i, i + roundSize));
    }
  });
}

/** What a run goes back and forth between. */
interface Run {
  readonly parts: SyncParts;
  readonly source: AccessSource;
  readonly stated: StatedDigests;
  readonly list: SourceList;
  readonly report: SyncReport;
  /** Ids of the statements that are written or being written. */
  readonly written: Set<string>;
}

/** Says what of a list is odd, and counts it. */
function tell(list: SourceList, trace: SyncTrace, report: SyncReport): void {
  report.listed = list.listed;
  report.unreadable = list.unreadableRecords;
  if (report.unreadable > 0)
    trace.log(
      'ERROR',
      'some subscriptions in the source’s list could not be read and keep the access they have (runbook subscriptions-sync)',
      {
        unreadable: report.unreadable,
      },
    );
  const limitsUnreadable = [...list.statements.values()].filter((one) => one.unreadableLimits.length > 0).length;
  if (limitsUnreadable > 0)
    trace.log(
      'ERROR',
      'some subscriptions have limits at the source that are no valid quota, and no access to those features: correct them there (runbook subscriptions-sync)',
      {
        subscriptions: limitsUnreadable,
      },
    );
  report.unreadable += limitsUnreadable;
  for (const { holder, other } of list.shared.slice(0, sharedToldMax))
    trace.log(
      'ERROR',
      'two subscriptions at the source have the same token: its calls count to `subscription`, not to `other`, until one of them gets a new token there',
      {
        subscription: holder,
        other,
        tokens_shared: list.shared.length,
      },
    );
}

/** Writes what the list says otherwise than the last one, in rounds; of a list that broke off as much as came. */
async function writeChanged(
  run: Run,
  before: ReadonlyMap<string, string>,
  trace: SyncTrace,
  held: AbortSignal,
): Promise<void> {
  const changed = [...run.list.statements.values()].filter((one) => before.get(one.id) !== digestOf(one));
  for (const { id } of changed) run.written.add(id);
  const writing = new Set<Promise<void>>();
  const failed: unknown[] = [];
  try {
    for (let i = 0; i < changed.length; i += roundSize) {
      if (writing.size >= roundsAtOnce) await Promise.race(writing);
      if (failed.length > 0) throw failed[0];
      held.throwIfAborted();
      const work = writeRound(run, changed.slice(i, i + roundSize))
        .catch((error: unknown) => void failed.push(error))
        .finally(() => writing.delete(work));
      writing.add(work);
      if (i > 0 && i % (roundSize * 50) === 0)
        trace.log('INFO', 'subscriptions are being written', { written: run.report.changed, of: changed.length });
    }
  } finally {
    // Also after a fault: what is being written is written under the lock.
    await Promise.all(writing);
  }
  if (failed.length > 0) throw failed[0];
}

async function writeRound(run: Run, statements: readonly Statement[]): Promise<void> {
  const { parts, source, stated, list, report } = run;
  const { documents, copies, now } = parts;
  const saved = await saveStatements(await documents.client(), statements, source.origin, now(), list.tokens);
  await Promise.all(saved.map((one) => publish(copies, one)));
  report.changed += saved.length;
  report.revoked += saved.reduce((sum, { revoked }) => sum + revoked.size, 0);
  await handOver(
    run,
    saved.flatMap(({ handedTo }) => handedTo),
  );
  const ids = new Set(saved.map(({ account }) => account.id));
  // Only once the next owners of their tokens are written: a run that ends in between is continued by the next.
  await stated.keep(statements.filter(({ id }) => ids.has(id)));
}

/** Writes the statements that hold tokens which others lost: nothing else of them may have changed. */
async function handOver(run: Run, ids: readonly string[]): Promise<void> {
  const next: Statement[] = [];
  for (const id of ids) {
    const statement = run.list.statements.get(id);
    if (statement === undefined || run.written.has(id)) continue;
    run.written.add(id);
    next.push(statement);
  }
  for (let i = 0; i < next.length; i += roundSize) await writeRound(run, next.slice(i, i + roundSize));
}

async function pruneRound(run: Run, ids: readonly string[]): Promise<void> {
  const { parts, stated, list, report } = run;
  const firestore = await parts.documents.client();
  const revoked = await pruneSubscriptions(firestore, ids, parts.now(), list.tokens, (next) => handOver(run, next));
  await revokeCopies(parts.copies, revoked);
  await stated.forget(ids);
  report.pruned += ids.length;
  report.revoked += revoked.size;
}

/** Brings the copies in Redis up to date; where Redis fails, they are believed for a minute at most. */
async function publish(copies: AccountCopies, { account, tokens, revoked }: SavedStatement): Promise<void> {
  await Promise.allSettled(tokens.map((hash) => copies.renew(hash, account, budget())));
  await revokeCopies(copies, revoked);
}

async function revokeCopies(copies: AccountCopies, revoked: SavedStatement['revoked']): Promise<void> {
  await Promise.allSettled([...revoked].map(([hash, version]) => copies.revoke(hash, version, budget())));
}
