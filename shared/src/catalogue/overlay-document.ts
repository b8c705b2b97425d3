// The overlay's documents: rows of one kind and provider that operators wrote. The same checks when they are written
// and when they are read.

import * as v from 'valibot';
import { hostRules, overlayAddressFault, secretsOf } from './hosts.ts';
import { kindNames, kinds, layerFaults, mergeRows, type KindName, type Layer } from './layers.ts';
import { Catalogue, type CatalogueParts } from './snapshot.ts';
import { name, rowId, type PartialRow, type RowKind } from './row-kind.ts';

/** Firestore's own bound is 1 MiB; the copy in Redis is read whole. */
export const overlayBytesMax = 512 * 1024;

/** Of all documents together: after a change every instance reads them from Redis. */
export const overlayTotalBytesMax = 1024 * 1024;

/** Kinds that operators may write: where secrets go is Terraform's. */
export const overlayKinds = kindNames.filter((kind) => kind !== 'secrets');

const envelope = v.strictObject({
  kind: v.picklist(
    overlayKinds,
    (issue) => `${issue.received} can't be written here; there are ${overlayKinds.join(', ')}`,
  ),
  provider: name,
  /** Higher with every write: the milliseconds of the write, or one more. */
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
  rows: v.pipe(v.array(v.looseObject({})), v.maxLength(5000)),
});

/** A document that has been checked by itself. */
export interface OverlayDocument {
  readonly kind: KindName;
  readonly provider: string;
  readonly version: number;
  readonly rows: readonly PartialRow[];
}

/** The name of a document. */
export const overlayId = ({ kind, provider }: Pick<OverlayDocument, 'kind' | 'provider'>): string =>
  `${kind}:${provider}`;

/** The text of a document, as it is stored. */
export const overlayText = ({ kind, provider, version, rows }: OverlayDocument): string =>
  JSON.stringify({ kind, provider, version, rows });

/** Reads one document. @returns the document, or every reason why it is not valid */
export function readOverlayDocument(text: string): { document: OverlayDocument } | { faults: readonly string[] } {
  const bytes = Buffer.byteLength(text);
  if (bytes > overlayBytesMax) return { faults: [`has ${bytes} bytes, at most ${overlayBytesMax} are taken`] };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { faults: [`is not JSON: ${(error as Error).message}`] };
  }
  const result = v.safeParse(envelope, json);
  if (!result.success)
    return { faults: result.issues.map((issue) => `${v.getDotPath(issue) ?? 'document'}: ${issue.message}`) };
  const { kind, provider, version, rows } = result.output;
  const document: OverlayDocument = { kind, provider, version, rows };
  const faults = [...layerFaults(overlayLayer([document])), ...rows.flatMap((row) => placeFaults(document, row))];
  return faults.length > 0 ? { faults } : { document };
}

/** What documents state, as a layer. */
export function overlayLayer(documents: Iterable<OverlayDocument>): Layer {
  const rows: Partial<Record<KindName, PartialRow[]>> = {};
  for (const document of documents) (rows[document.kind] ??= []).push(...document.rows);
  return { name: 'overlay', rows };
}

/**
 * Why documents, each good by itself, may not stand together on top of the reviewed layers. To be asked before one of
 * them is written. A home whose key is not there is no fault: it is kept, and gets no traffic.
 */
export async function overlayFaults(
  documents: readonly OverlayDocument[],
  parts: Omit<CatalogueParts, 'overlay'>,
): Promise<string[]> {
  const { reviewed, mounted } = parts;
  const catalogue = new Catalogue({ ...parts, overlay: overlayLayer(documents) });
  const [before, after] = await Promise.all(
    [new Catalogue(parts), catalogue].map(async (each) => [...each.faults, ...(await each.prices()).faults]),
  );
  const faults = (after ?? []).filter((fault) => before?.includes(fault) !== true);

  const rules = hostRules(reviewed, mergeRows('secrets', reviewed).rows.values());
  const homes = new Map(catalogue.homes.map((home) => [home.row.id, home]));
  for (const document of documents)
    for (const row of document.rows) {
      const id = rowId(kinds[document.kind] as unknown as RowKind<unknown>, row);
      const fault = (member: string, text: string) => void faults.push(`${document.kind} ${id}: ${member}: ${text}`);
      if (document.kind === 'homes') {
        const home = homes.get(id)?.row;
        if (home === undefined) continue;
        if (home.provider !== document.provider)
          fault('provider', `is ${home.provider}, and the document ${document.provider}'s`);
        if (home.baseUrl === null) continue;
        const { origin } = new URL(home.baseUrl);
        const address = 'baseUrl' in row ? overlayAddressFault(home.baseUrl, rules) : null;
        if (address !== null) fault('baseUrl', address);
        for (const secret of secretsOf(home))
          if ((rules.names(secret) || mounted(secret)) && !rules.allows(secret, origin))
            fault('secrets', `${secret} may not be sent to ${origin}: only Terraform can allow it`);
      }
      if (document.kind === 'models')
        for (const wanted of (row['homes'] ?? []) as readonly string[])
          if (!homes.has(wanted)) fault('homes', `there is no home ${wanted}`);
    }
  return faults;
}

/** What a row can't be by its place or its own members. */
function placeFaults({ kind, provider }: OverlayDocument, row: PartialRow): string[] {
  const rowKind = kinds[kind] as unknown as RowKind<Record<string, unknown>>;
  const where = `${kind} ${rowId(rowKind, row)}`;
  const own = rowKind.providerOf(row);
  const faults =
    own !== null && own !== provider ? [`${where}: belongs to ${own}, and the document is ${provider}'s`] : [];
  const { from, until } = row;
  if (typeof from === 'string' && typeof until === 'string' && !(Date.parse(from) < Date.parse(until)))
    faults.push(`${where}: until: ${until} is not after ${from}`);
  return faults;
}
