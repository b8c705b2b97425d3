// The catalogue by age at use: nothing keeps it fresh but its users. An instance that slept sees at its next call what
// changed meanwhile.

import { within } from '../telemetry/telemetry.ts';
import { overlayLayer, readOverlayDocument, type OverlayDocument } from './overlay-document.ts';
import type { OverlayBody } from './overlay-redis.ts';
import { Catalogue, type CatalogueParts } from './snapshot.ts';

/** Where the documents are. Each promise ends within the deadline of its owner. */
export interface OverlaySource {
  /** A few bytes that change with every write; null: nobody ever wrote. */
  readonly readVersion: () => Promise<string | null>;
  /** All documents, of this version or a newer one. */
  readonly readBody: (version: string) => Promise<OverlayBody>;
  /** Whatever is known where neither can be read, however old; null: nothing. Never rejects. */
  readonly lastKnown: () => Promise<OverlayBody | null>;
}

export interface OverlayCopyOptions {
  readonly parts: Omit<CatalogueParts, 'overlay'>;
  readonly source: OverlaySource;
  /** A copy that was confirmed this long ago has its version read before it is used. */
  readonly maxAgeMs?: number;
  /** How long after a failure the source is not asked again. */
  readonly retryMs?: number;
  /** What a call waits for a look at the most; the look goes on. */
  readonly waitMs?: number;
  /** The same for an instance that has just started or slept long: what it knows may be another world. */
  readonly patientWaitMs?: number;
  /**
   * An error: what is wrong with documents, or that they can't be read. Told at once, and each minute as long as it
   * lasts.
   */
  readonly onFaults: (faults: readonly string[]) => void;
}

/** Older than this is not "a moment ago". */
const longMs = 30_000;
/** How often a lasting fault is logged. */
const tellAgainMs = 60_000;

export class OverlayCopy {
  readonly #options: Required<OverlayCopyOptions>;
  readonly #documents = new Map<string, OverlayDocument>();
  #catalogue: Catalogue;
  #version: string | null | undefined;
  #confirmedMs = -Infinity;
  #askAgainMs = -Infinity;
  #askedMs = -Infinity;
  #asking: Promise<void> | null = null;
  #failed = false;
  /** Of the documents that stand in force. */
  #faults: readonly string[] = [];
  #told = '';
  #toldMs = -Infinity;

  constructor(options: OverlayCopyOptions) {
    this.#options = { maxAgeMs: 10_000, retryMs: 1_000, waitMs: 50, patientWaitMs: 1_000, ...options };
    this.#catalogue = new Catalogue(options.parts);
  }

  /** The last known catalogue, however old. */
  latest(): Catalogue {
    return this.#catalogue;
  }

  /** False until the overlay has been read once: then the reviewed layers and whatever Redis had are in force. */
  isConfirmed(): boolean {
    return this.#version !== undefined;
  }

  /**
   * The catalogue for a call that begins now; waits a moment for the source when the copy is too old. Never rejects:
   * where the source is slow or fails, the last known one serves.
   */
  async use(nowMs: number): Promise<Catalogue> {
    // A clock that was set back makes nothing younger.
    if (this.#asking === null && (nowMs >= this.#askAgainMs || nowMs < this.#askedMs)) {
      this.#askedMs = nowMs;
      this.#asking = this.#ask(nowMs).finally(() => (this.#asking = null));
    }
    if (this.#asking !== null) {
      const leftMs = this.#waitMs(nowMs) - Math.max(0, nowMs - this.#askedMs);
      // A caller that finds a look-up already running waits no longer than its first caller would.
      if (leftMs > 0) await within(this.#asking, leftMs, () => undefined);
    }
    return this.#catalogue;
  }

  /** Resolves when no look is on its way. */
  async idle(): Promise<void> {
    await this.#asking;
  }

  #waitMs(nowMs: number): number {
    const { waitMs, patientWaitMs } = this.#options;
    return !this.#failed && nowMs - this.#confirmedMs > longMs ? patientWaitMs : waitMs;
  }

  async #ask(nowMs: number): Promise<void> {
    const { source, maxAgeMs, retryMs } = this.#options;
    try {
      const version = await source.readVersion();
      if (version !== this.#version) {
        // Read before the body: a write in between is seen by the next reader of the version.
        this.#take(version, version === null ? { documents: {}, faults: [] } : await source.readBody(version));
        this.#version = version;
      }
      this.#failed = false;
      this.#confirmedMs = nowMs;
      this.#askAgainMs = nowMs + maxAgeMs;
      this.#tell(this.#faults, nowMs);
    } catch (error) {
      this.#failed = true;
      this.#askAgainMs = nowMs + retryMs;
      const why = `the catalogue's overlay can't be read: ${error instanceof Error ? error.message : String(error)}`;
      if (this.#version === undefined) {
        const known = await source.lastKnown();
        if (known !== null) this.#take(null, known);
      }
      this.#tell([why], nowMs);
    }
  }

  /** Takes every document that is good and not older than ours; of the others the last good one stays. */
  #take(version: string | null, { documents, faults: told }: OverlayBody): void {
    const faults = [...told];
    let changed = false;
    for (const [id, text] of Object.entries(documents)) {
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
      if (!Object.hasOwn(documents, id))
        faults.push(`overlay ${id}: is gone (version ${version ?? 'none'}); its last good copy stays`);
    if (changed)
      this.#catalogue = new Catalogue({ ...this.#options.parts, overlay: overlayLayer(this.#documents.values()) });
    this.#faults = [...faults, ...this.#catalogue.faults];
  }

  #tell(faults: readonly string[], nowMs: number): void {
    const text = faults.join('\n');
    if (text === this.#told && Math.abs(nowMs - this.#toldMs) < tellAgainMs) return;
    this.#told = text;
    this.#toldMs = nowMs;
    if (faults.length > 0) this.#options.onFaults(faults);
  }
}
