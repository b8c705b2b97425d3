// Where an instance reads the overlay: Redis's copy while it is young, else Firestore, which then makes the copy young
// for everybody. Not how old an instance's own copy may be (overlay-copy.ts).

import type { DocumentReader } from '../documents/documents.ts';
import type { TimeBudget } from '../store/store.ts';
import type { OverlaySource } from './overlay-copy.ts';
import { readOverlayDocument } from './overlay-document.ts';
import { markerPath, readMarker, readTexts } from './overlay-firestore.ts';
import type { OverlayBody, OverlayRedis } from './overlay-redis.ts';

/** Firestore was asked at most so long ago, or is asked now: an instance's own 5 s behind it make ten. */
const redisFreshMs = 5_000;
/** One look; a caller waits for a part of it only (overlay-copy.ts). */
const firestoreTimeoutMs = 2_000;
/** Up to 1 MiB comes at once, after a change only. */
const bodyBudgetMs = 1_000;

export interface OverlayPlaces {
  readonly documents: DocumentReader;
  readonly redis: OverlayRedis;
}

/**
 * @param redisBudgetMs what the few bytes of a version may take.
 * @param confirmed is told when Firestore has confirmed what Redis has
 */
export function createOverlaySource(
  { documents, redis }: OverlayPlaces,
  redisBudgetMs: number,
  confirmed: () => Promise<void> = async () => undefined,
): OverlaySource {
  /** Read while Redis's copy was brought up to date: what the reader of that version asks for next. */
  let filled: { readonly version: string; readonly body: OverlayBody } | null = null;
  const readAnew = async (): Promise<OverlayBody> => {
    const marker = await readMarker(documents, firestoreTimeoutMs);
    if (marker === null) throw gone();
    return { documents: await readTexts(documents, marker.documents, firestoreTimeoutMs), faults: [] };
  };
  return {
    readVersion: async () => {
      filled = null;
      const copy = await redis.readVersion({ leftMs: redisBudgetMs }).catch(() => undefined);
      // A clock that jumped makes nothing young.
      if (copy !== undefined && copy !== null && Math.abs(copy.ageMs) < redisFreshMs) return versionText(copy.version);
      const marker = await readMarker(documents, firestoreTimeoutMs);
      if (marker === null) {
        if ((copy?.version ?? 0) > 0) throw gone();
        if (copy !== undefined) await unlessAway(redis.keep(0, { documents: {}, faults: [] }, bodyBudget()));
      } else if (copy !== undefined && copy?.version !== marker.version) {
        filled = {
          version: String(marker.version),
          body: await fill({ documents, redis }, marker, firestoreTimeoutMs),
        };
      } else if (copy !== undefined) await unlessAway(redis.confirm(marker.version, bodyBudget()));
      if (copy !== undefined) await unlessAway(confirmed());
      return versionText(marker?.version ?? 0);
    },
    readBody: async (version) => {
      if (filled?.version === version) {
        const { body } = filled;
        filled = null;
        return body;
      }
      const copy = await redis.read(bodyBudget()).catch(() => null);
      return copy !== null && copy.version >= Number(version) ? copy : readAnew();
    },
    lastKnown: () => redis.read(bodyBudget()).catch(() => null),
  };
}

/**
 * Brings Redis's copy up to Firestore's documents. Of one that is bad or gone the copy keeps what it had.
 * @param marker read before the documents: they are of that version, or newer
 * @returns what the copy has then, even if Redis could not be written
 * @throws what Firestore throws
 */
async function fill(
  { documents, redis }: OverlayPlaces,
  marker: { readonly version: number; readonly documents: readonly string[] },
  timeoutMs: number,
): Promise<OverlayBody> {
  const [texts, before] = await Promise.all([
    readTexts(documents, marker.documents, timeoutMs),
    redis.read(bodyBudget()).catch(() => null),
  ]);
  const body = withLastGood(texts, before?.documents ?? {});
  await unlessAway(redis.keep(marker.version, body, bodyBudget()));
  return body;
}

/** Writes to Redis what Firestore just took. @returns whether Redis took it @throws what Firestore throws */
export async function publishOverlay({ documents, redis }: OverlayPlaces, timeoutMs: number): Promise<boolean> {
  const marker = await readMarker(documents, timeoutMs);
  if (marker === null) throw gone();
  await fill({ documents, redis }, marker, timeoutMs);
  const copy = await redis.readVersion(bodyBudget()).catch(() => null);
  return copy !== null && copy.version >= marker.version;
}

function withLastGood(texts: Readonly<Record<string, string>>, before: Readonly<Record<string, string>>): OverlayBody {
  const documents: Record<string, string> = { ...texts };
  const faults: string[] = [];
  for (const [id, text] of Object.entries(before)) {
    const stored = Object.hasOwn(texts, id) ? readOverlayDocument(texts[id] ?? '') : null;
    if (stored !== null && 'document' in stored) continue;
    documents[id] = text;
    if (stored === null) faults.push(`overlay ${id}: is gone; its last good copy stays`);
    else faults.push(...stored.faults.map((fault) => `overlay ${id}: ${fault}; its last good copy stays`));
  }
  return { documents, faults };
}

const bodyBudget = (): TimeBudget => ({ leftMs: bodyBudgetMs });
/** 0: somebody looked, and nobody ever wrote. */
const versionText = (version: number): string | null => (version === 0 ? null : String(version));
const gone = (): Error => new Error(`${markerPath} is gone from Firestore`);

/** Redis's copy is a help, and its failure nobody's. */
async function unlessAway(work: Promise<void>): Promise<void> {
  await work.catch(() => undefined);
}
