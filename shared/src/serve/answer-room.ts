// Room for what is kept of answers while they pass: of one that is no stream all of it, for its usage, and of a stream
// the event that has not ended. However many calls an instance has, what they keep together is bounded. Not what they
// pass on (relay.ts).

import type { ServerResponse } from 'node:http';
import { getHeapStatistics } from 'node:v8';

/**
 * So much of each is kept without asking: as many as there are calls at once are no danger, and hardly any answer is
 * longer.
 */
export const keptBytesFree = 64 * 1024;

/** What all answers of a process keep together. */
export class AnswerRoom {
  #left: number;

  /** @param bytes beyond what each keeps without asking */
  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** False: there is not as much left, and nothing is taken. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#left += bytes;
  }
}

/** An answer is here as bytes, then as a text, then as what was read of it: an eighth leaves as much for the others. */
export const processRoom = new AnswerRoom(getHeapStatistics().heap_size_limit / 8);

/** What one answer keeps. */
export class KeptAnswer {
  readonly #room: AnswerRoom;
  readonly #response: ServerResponse;
  #taken = 0;

  /** @param response what it is the answer to: with its end all room is given back */
  constructor(room: AnswerRoom, response: ServerResponse) {
    this.#room = room;
    this.#response = response;
  }

  /** Room for so many bytes in all, as long as the call lasts. False: there is none. */
  upTo(bytes: number): boolean {
    const more = bytes - keptBytesFree - this.#taken;
    if (more <= 0) return true;
    if (this.#response.closed || !this.#room.take(more)) return false;
    if (this.#taken === 0) this.#response.once('close', () => this.#room.giveBack(this.#taken));
    this.#taken += more;
    return true;
  }
}
