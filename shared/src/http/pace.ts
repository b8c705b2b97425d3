// Whether bytes come as fast as they must: a body that trickles holds a connection and room for as long as it likes.

/** Looked at so often. */
export const paceWindowMs = 10_000;
/** Bytes a second over each window: a tenth of what the slowest mobile network carries. */
export const leastBytesPerSecond = 1_000;

/** The pace of one body, from when it began to be read. */
export interface Pace {
  /** Bytes have come. */
  arrived(bytes: number): void;
  /** To be asked at least once a window: why it is given up, or null. */
  fault(nowMs: number): string | null;
}

/** @param totalMs in which all of it must have come */
export function createPace(beginMs: number, totalMs: number): Pace {
  let [windowBeginMs, windowBytes] = [beginMs, 0];
  return {
    arrived: (bytes) => void (windowBytes += bytes),
    fault: (nowMs) => {
      if (nowMs - beginMs >= totalMs) return `did not arrive within ${totalMs / 1_000} s`;
      const passedMs = nowMs - windowBeginMs;
      if (passedMs < paceWindowMs) return null;
      // By the time that has passed: a timer that is late asks for no more than one in time.
      if (windowBytes < (leastBytesPerSecond * paceWindowMs) / 1_000)
        return `came slower than ${leastBytesPerSecond} bytes/s`;
      [windowBeginMs, windowBytes] = [nowMs, 0];
      return null;
    },
  };
}
