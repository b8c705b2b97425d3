// The catalogue by age at use: nothing keeps it fresh but its users. An instance that slept sees at its next call what changed meanwhile.

import { overlayLayer, readOverlayDocument, type OverlayDocument } from './overlay-document.ts';
import { Catalogue, type CatalogueParts } from './snapshot.ts';

/** Where the documents are. Each promise ends within the deadline of its owner. */
export interface OverlaySource {
  /** A few bytes that change with every write; null: nobody ever wrote. */
  readonly readVersion: () => Promise<string | null>;
  /** The texts of all documents by name (`overlayId`). */
  readonly readBody: () => Promise<Readonly<Record<string, string>>>;
}

export interface OverlayCopyOptions {
  readonly parts: Omit<CatalogueParts, 'overlay'>;
  readonly source: OverlaySource;
  /** A copy that was confirmed this long ago has its version read before it is used. */
  readonly maxAgeMs?: number;
  /** How long nobody asks again after the source failed. */
  readonly retryMs?: number;
  /** An error: what is wrong with documents, or that they can't be read. Told once as long as it stays the same. */
  readonly onFaults: (faults: readonly string[]) => void;
}

export class OverlayCopy {
  readonly #options: Required<OverlayCopyOptions>;
  readonly #documents = new Map<string, OverlayDocument>();
  #catalogue: Catalogue;
  #version: string | null | undefined;
  #askAgainMs = -Infinity;
  #askedMs = -Infinity;
  #asking: Promise<void> | null = null;
  #told = '';

  constructor(options: OverlayCopyOptions) {
    this.#options = { maxAgeMs: 10_000, retryMs: 1_000, ...options };
    this.#catalogue = new Catalogue(options.parts);
  }

  /** The last known catalogue, however old. */
  latest(): Catalogue {
    return this.#catalogue;
  }

  /** False until the overlay has been read once: then the reviewed layers alone are in force. */
  isConfirmed(): boolean {
    return this.#version !== undefined;
  }

  /**
   * The catalogue for a call that begins now; waits for the source when the copy is too old. Never rejects: where the source fails, the last
   * known one serves.
   */
  async use(nowMs: number): Promise<Catalogue> {
    // A clock that was set back makes nothing younger.
    if (this.#asking === null && (nowMs >= this.#askAgainMs || nowMs < this.#askedMs)) {
      this.#askedMs = nowMs;
      this.#asking = this.#ask(nowMs).finally(() => (this.#asking = null));
    }
    await this.#asking;
    return this.#catalogue;
  }

  async #ask(nowMs: number): Promise<void> {
    const { source, maxAgeMs, retryMs } = this.#options;
    try {
      const version = await source.readVersion();
      if (version !== this.#version) {
        // Read before the body: a write in between is seen by the next reader of the version.
        this.#take(version, version === null ? {} : await source.readBody());
        this.#version = version;
      }
      this.#askAgainMs = nowMs + maxAgeMs;
    } catch (error) {
      this.#askAgainMs = nowMs + retryMs;
      this.#tell([`the catalogue's overlay can't be read: ${error instanceof Error ? error.message : String(error)}`]);
    }
  }

  /** Takes every document that is good and not older than ours; of the others the last good one stays. */
  #take(version: string | null, body: Readonly<Record<string, string>>): void {
    const faults: string[] = [];
    let changed = false;
    for (const [id, text] of Object.entries(body)) {
      const read = readOverlayDocument(text);
      if ('faults' in read) {
        faults.push(...read.faults.map((fault) => `overlay ${id}: ${fault}`));
        continue;
      }
      // A copy that was lost and filled again from older data takes nothing back.
      if (read.document.version <= (this.#documents.get(id)?.version ?? 0)) continue;
      this.#documents.set(id, read.document);
      changed = true;
    }
    // Rows are taken away by writing the document without them: one that is gone was lost.
    for (const id of this.#documents.keys())
      if (!Object.hasOwn(body, id))
        faults.push(`overlay ${id}: is gone (version ${version ?? 'none'}); its last good copy stays`);
    if (changed) {
      this.#catalogue = new Catalogue({ ...this.#options.parts, overlay: overlayLayer(this.#documents.values()) });
    }
    this.#tell([...faults, ...this.#catalogue.faults]);
  }

  #tell(faults: readonly string[]): void {
    const text = faults.join('\n');
    if (text === this.#told) return;
    this.#told = text;
    if (faults.length > 0) this.#options.onFaults(faults);
  }
}
