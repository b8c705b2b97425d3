// Room for the numbers of large requests, all together: an instance says no before its memory ends. Not what a request
// costs, nor its texts (http/room.ts).

/**
 * The most numbers of one request, and of all large ones that run at once: 10,000 texts of 1,536 numbers. A number
 * takes up to 50 bytes: as it arrives, as a number, and as it is written.
 */
export const numbersMax = 16_000_000;
/** Requests of at most so many numbers are no danger, however many run at once: a large one must not shut them out. */
const largeNumbers = 200_000;

/** The room of a process. */
export interface NumbersRoom {
  /** Null: no room is left. Otherwise gives it back; further calls do nothing. */
  take(numbers: number): (() => void) | null;
}

export function createNumbersRoom(): NumbersRoom {
  let held = 0;
  return {
    take: (numbers) => {
      if (numbers <= largeNumbers) return () => undefined;
      if (held + numbers > numbersMax) return null;
      held += numbers;
      let mine = numbers;
      return () => {
        held -= mine;
        mine = 0;
      };
    },
  };
}
