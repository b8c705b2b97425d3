// A stream compared frame by frame with the provider's own: what is missing, changed, moved or too much, in words, and
// when each frame came. A frame is an SSE event with its blank line; nothing here knows what it says.

/** An answer that differs is examined up to so many bytes, and up to twice the frames that there should be. */
const apartBytesMax = 4 * 1024 * 1024;

/** A whole stream: its bytes, and where each of its frames ends. */
export interface Frames {
  readonly bytes: Buffer;
  readonly ends: readonly number[];
}

/**
 * What became of one stream. All counts but `added` are of the provider's frames: `sent` is the sum of `arrived` and
 * `lost`; frames that are `changed` or `moved` have arrived.
 */
export interface Comparison {
  readonly sent: number;
  readonly arrived: number;
  readonly lost: number;
  readonly changed: number;
  readonly moved: number;
  /** Frames that the provider did not send. */
  readonly added: number;
  /** One sentence a fault, frames counted from 1; empty: byte for byte the same. */
  readonly faults: readonly string[];
  /**
   * When each frame was whole, in ms of the clock that the reader was given; NaN where it did not come unchanged and
   * in its order.
   */
  readonly timesMs: Float64Array;
}

/** Takes a stream as it comes. */
export interface FrameReader {
  /** @param nowMs when the chunk came */
  push(chunk: Buffer, nowMs: number): void;
  /** Nothing more comes, however it ended. */
  end(): Comparison;
}

interface Arrived {
  readonly text: string;
  readonly atMs: number;
}

/** Cuts a stream at its blank lines. @throws Error where it does not end with one */
export function framesOf(bytes: Buffer): Frames {
  const ends: number[] = [];
  for (let at = bytes.indexOf('\n\n'); at !== -1; at = bytes.indexOf('\n\n', at + 2)) ends.push(at + 2);
  if (ends.at(-1) !== bytes.length) throw new Error(`no whole stream: ${bytes.length} bytes, ${ends.length} frames`);
  return { bytes, ends };
}

/**
 * As long as a stream is the same, a chunk costs one comparison of memory; only one that comes apart is cut and
 * aligned.
 */
export function readFrames({ bytes, ends }: Frames): FrameReader {
  const timesMs = new Float64Array(ends.length).fill(Number.NaN);
  let at = 0;
  let whole = 0;
  let apart: { rest: Buffer; bytes: number; frames: Arrived[] } | null = null;
  return {
    push: (chunk, nowMs) => {
      if (apart === null) {
        const to = at + chunk.length;
        if (to <= bytes.length && bytes.compare(chunk, 0, chunk.length, at, to) === 0) {
          at = to;
          while (whole < ends.length && (ends[whole] ?? 0) <= at) timesMs[whole++] = nowMs;
          return;
        }
        apart = { rest: bytes.subarray(ends[whole - 1] ?? 0, at), bytes: 0, frames: [] };
      }
      if (apart.bytes > apartBytesMax || apart.frames.length > 2 * ends.length) return;
      apart.bytes += chunk.length;
      const rest = Buffer.concat([apart.rest, chunk]);
      let from = 0;
      for (let end = rest.indexOf('\n\n'); end !== -1; end = rest.indexOf('\n\n', from)) {
        apart.frames.push({ text: rest.toString('latin1', from, end + 2), atMs: nowMs });
        from = end + 2;
      }
      apart.rest = rest.subarray(from);
    },
    end: () => {
      const rest = apart?.rest ?? bytes.subarray(ends[whole - 1] ?? 0, at);
      const expected = ends.map((end, i) => bytes.toString('latin1', ends[i - 1] ?? 0, end));
      return align(expected, whole, apart?.frames ?? [], rest.length, timesMs);
    },
  };
}

/** @param whole how many frames came as expected before the rest did */
function align(
  expected: readonly string[],
  whole: number,
  frames: readonly Arrived[],
  restBytes: number,
  timesMs: Float64Array,
): Comparison {
  const faults: string[] = [];
  const wanted = expected.slice(whole);
  /**
   * Of each frame that came, which of the wanted ones it is: in order, else moved, else in the place of one that is
   * missing.
   */
  const is: (number | null)[] = longestCommon(wanted, frames);
  const taken = new Set(is);
  frames.forEach(({ text, atMs }, i) => {
    const index = is[i] ?? null;
    if (index !== null) timesMs[whole + index] = atMs;
    else {
      const moved = wanted.findIndex((frame, k) => frame === text && !taken.has(k));
      if (moved === -1) return;
      taken.add((is[i] = moved));
      const before = is.slice(0, i).findLast((k) => k !== null);
      const place = before === undefined ? whole : whole + before + 1;
      faults.push(`frame ${whole + moved + 1} came ${place === 0 ? 'first' : `behind frame ${place}`}`);
    }
  });
  const moved = faults.length;
  let [changed, added, next] = [0, 0, 0];
  frames.forEach(({ text }, i) => {
    const index = is[i] ?? null;
    if (index !== null) {
      next = Math.max(next, index + 1);
      return;
    }
    if (next < wanted.length && !taken.has(next)) {
      changed++;
      faults.push(
        `frame ${whole + next + 1} differs from its byte ${firstDifference(wanted[next] ?? '', text) + 1} on`,
      );
      taken.add(next++);
    } else {
      added++;
      faults.push(`a frame too many behind frame ${whole + next}`);
    }
  });
  const missing = wanted.flatMap((_, k) => (taken.has(k) ? [] : [whole + k]));
  faults.push(...runs(missing).map(([from, to]) => missingWords(from, to, expected.length)));
  if (restBytes > 0) faults.push(`the last ${restBytes} bytes are no whole frame`);
  return {
    sent: expected.length,
    arrived: expected.length - missing.length,
    lost: missing.length,
    changed,
    moved,
    added,
    faults,
    timesMs,
  };
}

/** Of each frame that came, its place among the wanted ones in their longest common subsequence, or null. */
function longestCommon(wanted: readonly string[], frames: readonly Arrived[]): (number | null)[] {
  const width = frames.length + 1;
  const lengths = new Uint32Array((wanted.length + 1) * width);
  const length = (k: number, i: number): number => lengths[k * width + i] ?? 0;
  for (let k = wanted.length - 1; k >= 0; k--)
    for (let i = frames.length - 1; i >= 0; i--)
      lengths[k * width + i] =
        wanted[k] === frames[i]?.text ? length(k + 1, i + 1) + 1 : Math.max(length(k + 1, i), length(k, i + 1));
  const is: (number | null)[] = frames.map(() => null);
  for (let [k, i] = [0, 0]; k < wanted.length && i < frames.length;)
    if (wanted[k] === frames[i]?.text) is[i++] = k++;
    else if (length(k + 1, i) >= length(k, i + 1)) k++;
    else i++;
  return is;
}

function firstDifference(wanted: string, came: string): number {
  let at = 0;
  while (at < wanted.length && wanted[at] === came[at]) at++;
  return at;
}

/** Numbers in a row as their first and last. */
function runs(numbers: readonly number[]): [from: number, to: number][] {
  const found: [number, number][] = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else found.push([number, number]);
  }
  return found;
}

function missingWords(from: number, to: number, frames: number): string {
  if (from === 0 && to === frames - 1) return 'no frame came';
  const which = from === to ? `frame ${from + 1} is missing` : `frames ${from + 1} to ${to + 1} are missing`;
  return to === frames - 1 ? `${which}: the stream ends behind frame ${from}` : which;
}
