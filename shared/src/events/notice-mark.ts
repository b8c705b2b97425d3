// What became of a notice: so that a task which is delivered twice does not reach people twice.

import { keys, shardOf, type TimeBudget, type Store } from '../store/store.ts';

/** Longer than the webhook may take: a handler that is silent for so long is dead, and its notice is sent again. */
const claimMs = 30_000;
/** Of a window that never ends: longer than any task is kept. */
const endlessMs = 31 * 86_400_000;
/** Beyond the window's end: a task may be delivered late. */
const markBeyondMs = 86_400_000;

/** `mine`: send it, then `sent` or `free`. `busy`: another handler is sending it. */
export type Claim = 'mine' | 'sent' | 'busy';

/** The marks of notices. Every method throws StoreUnavailable. */
export interface NoticeMarks {
  claim(id: string): Promise<Claim>;
  /** @param resetAtMs end of the notice's window; null: it never ends. */
  sent(id: string, resetAtMs: number | null, nowMs: number): Promise<void>;
  isSent(id: string): Promise<boolean>;
  /** It could not be sent: the next delivery may try. */
  free(id: string): Promise<void>;
}

/** @param budget of one Redis command. */
export function createNoticeMarks(store: Store, budget: () => TimeBudget): NoticeMarks {
  const keyOf = (id: string): string => keys.notice(shardOf(id), id);
  return {
    claim: async (id) => {
      const [claimed, mark] = await store.commands(
        [
          ['set', keyOf(id), 'sending', 'px', claimMs, 'nx'],
          ['get', keyOf(id)],
        ],
        budget(),
      );
      if (claimed === 'OK') return 'mine';
      return mark === 'sent' ? 'sent' : 'busy';
    },
    sent: async (id, resetAtMs, nowMs) => {
      const lifeMs = Math.max(0, resetAtMs === null ? endlessMs : resetAtMs - nowMs) + markBeyondMs;
      await store.commands([['set', keyOf(id), 'sent', 'px', Math.ceil(lifeMs)]], budget());
    },
    isSent: async (id) => (await store.commands([['get', keyOf(id)]], budget()))[0] === 'sent',
    free: async (id) => void (await store.commands([['del', keyOf(id)]], budget())),
  };
}
