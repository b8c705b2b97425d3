// The catalogue as Firestore has it at this moment, for the operator's commands that look.

import type { DocumentReader } from '../documents/documents.ts';
import { overlayLayer, readOverlayDocument, type OverlayDocument } from './overlay-document.ts';
import { readMarker, readTexts } from './overlay-firestore.ts';
import { Catalogue, type CatalogueParts } from './snapshot.ts';

/** @returns it, with what is wrong with documents that are left out @throws what Firestore throws */
export async function readOverlayCatalogue(
  documents: DocumentReader,
  parts: Omit<CatalogueParts, 'overlay'>,
  timeoutMs: number,
): Promise<{ readonly catalogue: Catalogue; readonly faults: readonly string[] }> {
  const marker = await readMarker(documents, timeoutMs);
  const texts = marker === null ? {} : await readTexts(documents, marker.documents, timeoutMs);
  const good: OverlayDocument[] = [];
  const faults: string[] = [];
  for (const id of marker?.documents ?? []) {
    const read = id in texts ? readOverlayDocument(texts[id] ?? '') : { faults: ['is gone'] };
    if ('document' in read) good.push(read.document);
    else faults.push(...read.faults.map((fault) => `overlay ${id}: ${fault}`));
  }
  const catalogue = new Catalogue({ ...parts, overlay: overlayLayer(good) });
  return { catalogue, faults: [...faults, ...catalogue.faults] };
}
