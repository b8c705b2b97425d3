// How many calls this process has at each home that bounds them.

import type { Home } from '../../catalogue/catalogue.ts';

export class CallsInFlight {
  readonly #calls = new Map<string, number>();

  isFull({ row: { id, callsMax } }: Home): boolean {
    return callsMax !== null && (this.#calls.get(id) ?? 0) >= callsMax;
  }

  begin({ row: { id, callsMax } }: Home): void {
    if (callsMax !== null) this.#calls.set(id, (this.#calls.get(id) ?? 0) + 1);
  }

  /** To be called once for each `begin`, even where the home has gained or lost its bound meanwhile. */
  end({ row: { id } }: Home): void {
    const calls = this.#calls.get(id);
    if (calls === undefined) return;
    if (calls > 1) this.#calls.set(id, calls - 1);
    else this.#calls.delete(id);
  }
}
