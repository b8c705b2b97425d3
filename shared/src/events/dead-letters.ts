// What can't be delivered: kept whole in Firestore until the reason is mended and it is replayed. No event is dropped.

import { createHash } from 'node:crypto';
import type { Firestore } from '@google-cloud/firestore';
import { within } from '../telemetry/telemetry.ts';
import type { Undeliverable } from './event-task.ts';

const collection = 'deadLetters';
/**
 * Beyond a year's books. Firestore deletes a letter when its `expiresAt` has come (terraform/firestore): nothing that
 * names customers is kept for ever.
 */
const keptMs = 400 * 86_400_000;
/** Writes after which nobody listens are tried again by the queue. */
const writeTimeoutMs = 5_000;

/** One of them, as it is kept. */
export interface DeadLetter extends Undeliverable {
  /** Of its body: the same again is the same letter. */
  readonly id: string;
  /** RFC 3339: when it came last. */
  readonly at: string;
}

/** The collection `deadLetters`. */
export interface DeadLetters {
  /** @returns its id. @throws whatever Firestore throws: it is not kept then, and the task must come again */
  put(letter: Undeliverable, nowMs: number): Promise<string>;
  /** The oldest of them. */
  list(most: number): Promise<DeadLetter[]>;
  /** Removes a letter as it was read: one that came again since then stays. */
  remove(letter: DeadLetter): Promise<void>;
}

/** @param client loads Firestore's client when the first letter comes. */
export function createDeadLetters(client: () => Promise<Firestore>): DeadLetters {
  return {
    put: async (letter, nowMs) => {
      const id = createHash('sha256').update(letter.body).digest('hex');
      const document = (await client()).doc(`${collection}/${id}`);
      const letterDocument = { ...letter, at: new Date(nowMs).toISOString(), expiresAt: new Date(nowMs + keptMs) };
      await within(document.set(letterDocument), writeTimeoutMs, () => {
        throw new Error('Firestore did not keep a dead letter in time');
      });
      return id;
    },
    list: async (most) => {
      const { docs } = await (await client()).collection(collection).orderBy('at').limit(most).get();
      return docs.map((document) => {
        const { kind, body, reason, at } = document.data() as Undeliverable & { at: string };
        return { id: document.id, kind, body, reason, at };
      });
    },
    remove: async ({ id, at }) => {
      const firestore = await client();
      const document = firestore.doc(`${collection}/${id}`);
      await firestore.runTransaction(async (transaction) => {
        if ((await transaction.get(document)).get('at') === at) transaction.delete(document);
      });
    },
  };
}
