// A stream as gzip, a frame at a time: each can be read as soon as it is there. Not who gets it.

import { constants, crc32, deflateRawSync } from 'node:zlib';

/** Deflate, no flags, no time, unknown system (RFC 1952 §2.3). */
const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
/** A last block with nothing in it (RFC 1951 §3.2.6). */
const lastBlock = Buffer.from([3, 0]);
/**
 * What a stream remembers of itself, and all that it keeps. Frames repeat the one before them: more gains hardly
 * anything (scripts/bench/README.md#bytes), less would be too little for events of more than a kilobyte.
 */
const historyBytesDefault = 2048;
/** Holds the history and zlib's own look-ahead; its tables live no longer than a frame. */
const options = { level: 1, windowBits: 12, memLevel: 4, finishFlush: constants.Z_SYNC_FLUSH } as const;
/** zlib works while all others wait: a longer frame, an image as a rule, would hold them up, and is stored as it is. */
const compressedBytesMax = 64 * 1024;
/** Bytes of the pieces that zlib's output grows by. What waits for a slow caller keeps its piece whole. */
const [pieceBytesMin, pieceBytesMax] = [64, 16 * 1024];

/**
 * A gzip stream. Each frame is compressed in one call, with the bytes before it as zlib's dictionary: blocks of raw
 * deflate that follow each other are one stream. A `Gzip` of Node's would keep 75 kB at least (its zlib has hash tables
 * of a fixed size, whatever the window), and sends each frame through the thread pool.
 */
export class GzipFrames {
  readonly #history: Buffer;
  #held = 0;
  #crc = 0;
  #bytes = 0;
  #begun = false;

  constructor(historyBytes = historyBytesDefault) {
    this.#history = Buffer.allocUnsafeSlow(historyBytes);
  }

  /** The bytes that the caller can read this frame by, at once. */
  frame(bytes: Buffer): Buffer {
    const deflated = this.#deflate(bytes);
    if (this.#begun) return deflated;
    this.#begun = true;
    return Buffer.concat([head, deflated]);
  }

  /**
   * The end of a stream, without which its reader takes it for a broken one.
   * @param last its last frame; null: there is none
   */
  end(last: Buffer | null): Buffer {
    const frame = last === null ? null : this.#deflate(last);
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.#crc);
    trailer.writeUInt32LE(this.#bytes % 2 ** 32, 4);
    return Buffer.concat([...(this.#begun ? [] : [head]), ...(frame === null ? [] : [frame]), lastBlock, trailer]);
  }

  #deflate(bytes: Buffer): Buffer {
    // Most frames become less than half, and are one piece then.
    const chunkSize = Math.min(Math.max(bytes.length >> 1, pieceBytesMin), pieceBytesMax);
    const isStored = bytes.length > compressedBytesMax;
    const deflated = deflateRawSync(bytes, {
      ...options,
      chunkSize,
      ...(isStored && { level: 0 }),
      ...(!isStored && this.#held > 0 && { dictionary: this.#history.subarray(0, this.#held) }),
    });
    this.#crc = crc32(bytes, this.#crc);
    this.#bytes += bytes.length;
    this.#remember(bytes);
    return deflated;
  }

  /** The last bytes, in a row. A copy: a frame is a view of a larger piece. */
  #remember(bytes: Buffer): void {
    const history = this.#history;
    const more = Math.min(bytes.length, history.length);
    const kept = Math.min(this.#held, history.length - more);
    history.copyWithin(0, this.#held - kept, this.#held);
    bytes.copy(history, kept, bytes.length - more);
    this.#held = kept + more;
  }
}
