// Flagged prompts in Redis: written only where an operator has switched it on, cut to a size, expiring; listed and
// read for /maintenance.

import type { Actor, Permit } from '../auth/auth.ts';
import { keys, type Store } from '../store/store.ts';
import type { Exchange } from './exchange.ts';

/** Of a longer prompt the beginning is kept. */
const recordedCharactersMax = 32 * 1024;
/** The subscription of Sourcegraph.com's own instance, whose users count as its users. */
const dotcomSubscription = 'd3d2b638-d0a2-4539-a099-b36860b09819';

function isDotcom({ source, id }: Actor): boolean {
  return source === 'dotcom-user' || id === dotcomSubscription;
}

/** Those who use it without a contract: users of Sourcegraph.com, and callers without a name. */
export function isFreeUser(actor: Actor): boolean {
  return isDotcom(actor) || actor.source === 'anonymous';
}

/** Chat prompts of Sourcegraph.com users alone. Never throws: a prompt that could not be kept holds nobody up. */
export async function recordFlaggedPrompt(
  { context, scope }: Exchange,
  { actor, feature }: Permit,
  text: string,
): Promise<void> {
  const { config, store } = context;
  if (!config.flaggedPromptRecording || !isDotcom(actor) || feature === 'code_completions') return;
  // Our own id of the request, which its event and its log line have too: a trace id is the caller's, who could name
  // another request's.
  const key = keys.prompt(scope.spanId, feature, actor.id);
  const kept = text.slice(0, recordedCharactersMax).toWellFormed();
  try {
    // A budget of its own: admission must not find its waiting time spent on this.
    await store.commands([['set', key, kept, 'PX', Math.ceil(config.flaggedPromptTtlMs)]], context.budget());
  } catch (error) {
    scope.log('WARNING', 'a flagged prompt could not be kept; its call went on', {}, error);
  }
}

/** A recorded prompt, without its text. */
export interface FlaggedPrompt {
  readonly key: string;
  /** `span_id` of the request's event and log line. */
  readonly spanId: string;
  readonly feature: string;
  readonly userId: string;
}

/**
 * What one listing may cost, so that it never occupies Redis: steps of SCAN, each of so many keys, and prompts that
 * are told.
 */
const scanStepsMax = 2_000;
const scanCount = 1_000;
const promptsMax = 1_000;
const waitMs = 10_000;

/**
 * The prompts that stand, in no order. `complete` is false when the bounds ended the listing first.
 * @throws StoreUnavailable
 */
export async function listFlaggedPrompts(
  store: Store,
): Promise<{ prompts: readonly FlaggedPrompt[]; complete: boolean }> {
  const found = new Map<string, FlaggedPrompt>();
  const budget = { leftMs: waitMs };
  let cursor = '0';
  for (let step = 0; step < scanStepsMax && found.size < promptsMax; step++) {
    const [reply] = (await store.commands(
      [['scan', cursor, 'MATCH', keys.prompt('*', '*', '*'), 'COUNT', scanCount]],
      budget,
    )) as [[next: string, page: string[]]];
    // SCAN may tell a key twice. One that somebody else wrote is passed over: it must not hide the others.
    for (const key of reply[1]) {
      const prompt = parseKey(key);
      if (prompt !== null && found.size < promptsMax) found.set(key, prompt);
    }
    cursor = reply[0];
    if (cursor === '0') return { prompts: [...found.values()], complete: true };
  }
  return { prompts: [...found.values()], complete: false };
}

/** The text of a prompt, or null when it is gone. @throws StoreUnavailable */
export async function readFlaggedPrompt(store: Store, key: string): Promise<string | null> {
  const [text] = await store.commands([['get', key]], { leftMs: waitMs });
  return text as string | null;
}

function parseKey(key: string): FlaggedPrompt | null {
  const [, spanId, feature, actor, ...rest] = key.split(':');
  if (spanId === undefined || feature === undefined || actor === undefined || rest.length > 0) return null;
  try {
    return { key, spanId, feature, userId: decodeURIComponent(actor) };
  } catch {
    return null;
  }
}
