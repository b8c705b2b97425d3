// How operators change the overlay: rows are checked with all other rows of their layer and of those below, and
// written with their audit record in one transaction on `catalogue/version`. Reading is overlay-source.ts.

import type { DocumentReference, Transaction } from '@google-cloud/firestore';
import {
  auditedChange,
  operatorTimeoutMs,
  type Author,
  type ChangeOrigin,
  type Documents,
} from '../documents/documents.ts';
import type { Store } from '../store/store.ts';
import { kinds, type KindName } from './layers.ts';
import {
  overlayFaults,
  overlayId,
  overlayLayer,
  overlayText,
  overlayTotalBytesMax,
  readOverlayDocument,
  type OverlayDocument,
} from './overlay-document.ts';
import { markerPath, overlayPath, parseMarker, textOf, type Marker } from './overlay-firestore.ts';
import { openOverlayRedis } from './overlay-redis.ts';
import { publishOverlay } from './overlay-source.ts';
import type { PriceBook } from './price-book.ts';
import { rowId, type PartialRow, type RowKind } from './row-kind.ts';
import { Catalogue, type CatalogueParts } from './snapshot.ts';

/** What changes of one row; a row that does not exist is created. */
export interface RowEdit {
  readonly kind: Exclude<KindName, 'secrets'>;
  /** The provider in whose document it is. */
  readonly provider: string;
  /** The members that name it. */
  readonly key: PartialRow;
  readonly set?: PartialRow;
  /** What the overlay says no longer: the layers below do. A row that says nothing more is taken away. */
  readonly unset?: readonly string[];
  /** The overlay says nothing of it any more. */
  readonly remove?: true;
}

/** Decides what to change, from the catalogue as it is. */
export interface OverlayDecision {
  readonly edits: readonly RowEdit[];
  /** In words, for the audit record. */
  readonly text: string;
}

/** Why nothing was written, for the operator: each line names row, member and value. */
export class OverlayRefused extends Error {
  override readonly name = 'OverlayRefused';
}

export interface OverlayPlace {
  readonly documents: Documents;
  /** Null where the address of Redis is unknown: instances then see the change through Firestore, just as soon. */
  readonly store: Store | null;
  readonly parts: Omit<CatalogueParts, 'overlay'>;
}

/** The catalogue after a change. */
export interface ChangedOverlay {
  readonly catalogue: Catalogue;
  readonly prices: PriceBook;
  readonly text: string;
  /** Redis has it already. */
  readonly published: boolean;
}

/** Somebody waits at a terminal, with a tunnel in between. */
const redisBudgetMs = 2_000;

/**
 * @param decide what to change, from the catalogue as read in the transaction; runs again when another write came
 * between
 * @param nowMs of the change: its rows are known as of that day
 * @throws OverlayRefused, what `decide` and Firestore throw, and after 15 s
 */
export async function changeOverlay(
  { documents, store, parts }: OverlayPlace,
  origin: Pick<ChangeOrigin, 'author' | 'what'>,
  nowMs: number,
  decide: (catalogue: Catalogue, prices: PriceBook) => OverlayDecision,
): Promise<ChangedOverlay> {
  const redis = store === null ? null : openOverlayRedis(store);
  const copy = (await redis?.read({ leftMs: redisBudgetMs }).catch(() => null)) ?? null;
  const { decided } = await auditedChange(
    documents,
    markerPath,
    { ...origin, subject: null },
    async (found, transaction) => {
      const marker = found.exists ? parseMarker(found.data()) : { writes: 0, documents: [] };
      const standing = await readStanding(transaction, found.ref, marker, copy?.documents ?? {});
      const before = new Catalogue({ ...parts, overlay: overlayLayer(standing.values()) });
      const { edits, text } = decide(before, await before.prices());
      const changed = applyEdits(standing, edits, origin.author, nowMs);
      const after = new Map([...standing, ...changed.map((document) => [overlayId(document), document] as const)]);
      await refuseFaults(standing, after, changed, parts);
      for (const document of changed)
        transaction.set(found.ref.firestore.doc(overlayPath(overlayId(document))), { text: overlayText(document) });
      transaction.set(found.ref, { writes: marker.writes + 1, documents: [...after.keys()].sort() });
      return { text, after };
    },
  );
  const published =
    redis !== null && (await publishOverlay({ documents, redis }, operatorTimeoutMs).catch(() => false));
  const catalogue = new Catalogue({ ...parts, overlay: overlayLayer(decided.after.values()) });
  return { catalogue, prices: await catalogue.prices(), text: decided.text, published };
}

/**
 * Documents by name. What is bad or gone stands as Redis has it: a write mends it.
 * @throws OverlayRefused where Redis has none
 */
async function readStanding(
  transaction: Transaction,
  { firestore }: DocumentReference,
  { documents: ids }: Marker,
  copies: Readonly<Record<string, string>>,
): Promise<Map<string, OverlayDocument>> {
  const standing = new Map<string, OverlayDocument>();
  if (ids.length === 0) return standing;
  const found = await transaction.getAll(...ids.map((id) => firestore.doc(overlayPath(id))));
  for (const [at, id] of ids.entries()) {
    const snapshot = found[at];
    const stored =
      snapshot?.exists === true ? readOverlayDocument(textOf(snapshot.data())) : { faults: ['is gone'] as const };
    const good = 'document' in stored ? stored : readOverlayDocument(copies[id] ?? '');
    if ('document' in good) standing.set(id, good.document);
    else if ('faults' in stored)
      throw new OverlayRefused(
        `Firestore's document ${overlayPath(id)} can't be read, and Redis has no copy of it to go on from:\n` +
          `${stored.faults.join('\n')}\nMend it by hand, or take ${id} out of ${markerPath} to begin it anew`,
      );
  }
  return standing;
}

function applyEdits(
  standing: ReadonlyMap<string, OverlayDocument>,
  edits: readonly RowEdit[],
  { who, why }: Author,
  nowMs: number,
): OverlayDocument[] {
  const day = new Date(nowMs).toISOString().slice(0, 10);
  const documents = new Map<string, OverlayDocument>();
  for (const { kind, provider, key, set = {}, unset = [], remove = false } of edits) {
    const id = overlayId({ kind, provider });
    const document = documents.get(id) ?? standing.get(id) ?? { kind, provider, version: 0, rows: [] };
    const rowKind = kinds[kind] as unknown as RowKind<Record<string, unknown>>;
    const name = rowId(rowKind, key).toLowerCase();
    const at = document.rows.findIndex((row) => rowId(rowKind, row).toLowerCase() === name);
    const kept = Object.entries(document.rows[at] ?? key).filter(([member]) => !unset.includes(member));
    const source = `${who}: ${why}`.slice(0, 600);
    const row: PartialRow = { ...Object.fromEntries(kept), source, asOf: day, ...set };
    const empty = Object.keys(row).every(
      (member) => rowKind.key.includes(member) || member === 'source' || member === 'asOf',
    );
    const rows = at === -1 ? [...document.rows, row] : document.rows.with(at, row);
    const goes = remove || (empty && unset.length > 0);
    documents.set(id, { ...document, rows: goes ? rows.filter((one) => one !== row) : rows });
  }
  // Also of a document that was lost and begun anew the instances take nothing older than what they have.
  return [...documents.values()].map((document) => ({ ...document, version: Math.max(document.version + 1, nowMs) }));
}

/** What was wrong before keeps nobody from another change. @throws OverlayRefused */
async function refuseFaults(
  before: ReadonlyMap<string, OverlayDocument>,
  after: ReadonlyMap<string, OverlayDocument>,
  changed: readonly OverlayDocument[],
  parts: OverlayPlace['parts'],
): Promise<void> {
  const own = changed.flatMap((document) => {
    const read = readOverlayDocument(overlayText(document));
    return 'faults' in read ? read.faults : [];
  });
  // Rows that are none by themselves stand beside nothing.
  if (own.length > 0) throw new OverlayRefused(own.join('\n'));
  const known = new Set(await overlayFaults([...before.values()], parts));
  const faults = (await overlayFaults([...after.values()], parts)).filter((fault) => !known.has(fault));
  const bytes = [...after.values()].reduce((sum, document) => sum + Buffer.byteLength(overlayText(document)), 0);
  if (bytes > overlayTotalBytesMax)
    faults.push(`all documents together would have ${bytes} bytes, at most ${overlayTotalBytesMax} are taken`);
  if (faults.length > 0) throw new OverlayRefused(faults.join('\n'));
}
