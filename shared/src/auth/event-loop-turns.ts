// Turns of the event loop for work that may come in floods, so that what else the process does waits for a few pieces
// of it and never for all.

/** Resolves when it is the caller's turn, first come, first served. As many wait as there are requests. */
export type Turn = () => Promise<void>;

/** @param perTurn how many go on in one turn of the event loop */
export function eventLoopTurns(perTurn: number): Turn {
  const waiting: (() => void)[] = [];
  const next = (): void => {
    for (const go of waiting.splice(0, perTurn)) go();
    if (waiting.length > 0) setImmediate(next);
  };
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(next);
    });
}
