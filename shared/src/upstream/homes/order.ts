// In which order the homes of a model are asked: by priority, then by weight, so that a conversation meets the same
// home again. Not whether one may be.

import { hash } from 'node:crypto';
import type { Home } from '../../catalogue/catalogue.ts';

/**
 * Rendezvous hashing with weights: each home draws a number of its own for this conversation, and the largest is
 * first. A home that comes or goes moves no conversation but those that are its own, and shares are as weights are.
 * @param conversation whose prompts share a cache: the actor and what the caller names it by
 */
export function orderHomes(homes: readonly Home[], conversation: string): readonly Home[] {
  if (homes.length < 2) return homes;
  return homes
    .map((home) => ({ home, score: scoreOf(home, conversation) }))
    .sort((a, b) => a.home.row.priority - b.home.row.priority || b.score - a.score)
    .map(({ home }) => home);
}

/** `-weight / ln(u)` for a uniform u: a home draws the largest as often as its share of the weights. */
function scoreOf({ row: { id, weight } }: Home, conversation: string): number {
  const digest = hash('sha256', `${id}\n${conversation}`, 'buffer');
  // Never 0 nor 1.
  const even = (digest.readUIntBE(0, 6) + 0.5) / 2 ** 48;
  return -weight / Math.log(even);
}
