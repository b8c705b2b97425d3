// Room for the bytes of large bodies, all together and by whose they are: an instance says no before its memory ends,
// and no caller keeps the others out.

/**
 * So long after another caller has asked for room, half of it stays out of reach for everybody: then one may have all
 * of it again.
 */
const othersMs = 60_000;

/** Room that one body has. */
export interface Held {
  /** Takes room for so many more bytes. False: no room is left. */
  take(bytes: number): boolean;
  /** All of it has arrived: from now on it need not give way to anybody. */
  arrived(): void;
  /**
   * It turns out to take so many bytes in memory, if more than it has. False: no room is left, and others have some of
   * it; alone it has what it takes.
   */
  weighs(bytes: number): boolean;
  /** Gives it back; further calls do nothing. */
  free(): void;
}

/** The room of a process. */
export interface Room {
  /**
   * For a body that begins to arrive; it has no room yet.
   * @param holder whose it is
   * @param largest bytes of the largest body that is taken: as much room there is at least
   * @param giveWay is called when another holder needs its room, which has been given back by then
   */
  open(holder: string, largest: number, giveWay: () => void): Held;
  /** Bytes held. */
  held(): number;
}

interface Body {
  readonly holder: string;
  bytes: number;
  /** Null once it has arrived: it knows the promise of its text, which would live as long as the call. */
  giveWay: (() => void) | null;
}

/**
 * A holder's first body is let in as long as there is room at all. With more than one a holder has at most half of the
 * room while others ask for some; who had taken more before they asked gives way with what is still arriving, the last
 * first.
 * @param roomBytes all there is
 * @param now a clock in ms
 */
export function createRoom(roomBytes: number, now: () => number): Room {
  /** In the order in which they began. */
  const bodies = new Set<Body>();
  const heldBy = new Map<string, number>();
  const askedMs = new Map<string, number>();
  let held = 0;
  const add = (body: Body, bytes: number): void => {
    const left = (heldBy.get(body.holder) ?? 0) + bytes;
    if (left === 0) heldBy.delete(body.holder);
    else heldBy.set(body.holder, left);
    body.bytes += bytes;
    held += bytes;
  };
  const free = (body: Body): void => {
    if (bodies.delete(body)) add(body, -body.bytes);
  };
  const othersAsk = (holder: string): boolean => {
    const nowMs = now();
    askedMs.set(holder, nowMs);
    for (const [other, atMs] of askedMs) if (nowMs - atMs > othersMs && !heldBy.has(other)) askedMs.delete(other);
    return askedMs.size > 1;
  };
  /** What gives way to a holder: of another that has more than half the last that is arriving. */
  const yielding = (asking: string, half: number): Body | undefined =>
    [...bodies].findLast(
      ({ holder, giveWay, bytes }) =>
        holder !== asking && giveWay !== null && bytes > 0 && (heldBy.get(holder) ?? 0) > half,
    );
  return {
    held: () => held,
    open: (holder, largest, giveWay) => {
      const body: Body = { holder, giveWay, bytes: 0 };
      bodies.add(body);
      const all = Math.max(roomBytes, largest);
      return {
        take: (bytes) => {
          if (!bodies.has(body)) return false;
          const before = heldBy.get(holder) ?? 0;
          if (othersAsk(holder) && before > body.bytes && before + bytes > all / 2) return false;
          while (held + bytes > all) {
            const other = yielding(holder, all / 2);
            if (other === undefined) return false;
            free(other);
            other.giveWay?.();
          }
          add(body, bytes);
          return true;
        },
        arrived: () => {
          body.giveWay = null;
        },
        weighs: (bytes) => {
          const more = bytes - body.bytes;
          if (more <= 0) return true;
          if (!bodies.has(body) || (held + more > all && held > body.bytes)) return false;
          add(body, more);
          return true;
        },
        free: () => free(body),
      };
    },
  };
}
