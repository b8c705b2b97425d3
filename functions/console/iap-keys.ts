// Google's public keys that Identity-Aware Proxy signs with, by name. Not what they verify (gate.ts).

import { fetchJson } from '@cody-gateway/shared/http';

/**
 * The PEM of a key; null: there is none of that name, or Google can't be asked and no earlier answer had it. Never
 * rejects.
 */
export type IapKeys = (kid: string) => Promise<string | null>;

const url = 'https://www.gstatic.com/iap/verify/public_key';
/** Keys change every few days; a new one is asked for when it is met. */
const keptMs = 3_600_000;
/** Anybody can send an unknown key name, so it must not lead to a question to Google each time. */
const askAgainMs = 30_000;
const timeoutMs = 5_000;
const answerBytesMax = 256 * 1024;

/** @param ask gives Google's document: names and PEMs */
export function createIapKeys(now: () => number, ask: () => Promise<unknown> = askGoogle): IapKeys {
  let keys: ReadonlyMap<string, string> = new Map();
  let readAtMs = -Infinity;
  let askedAtMs = -Infinity;
  let asking: Promise<void> | null = null;
  const refresh = async (): Promise<void> => {
    askedAtMs = now();
    const document = await ask();
    keys = new Map(
      Object.entries(document ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
    readAtMs = askedAtMs;
  };
  return async (kid) => {
    const known = keys.has(kid) && now() - readAtMs < keptMs;
    if (!known && (asking !== null || now() - askedAtMs >= askAgainMs)) {
      // What was known stays good while Google does not answer.
      asking ??= refresh()
        .catch(() => undefined)
        .finally(() => (asking = null));
      await asking;
    }
    return keys.get(kid) ?? null;
  };
}

async function askGoogle(): Promise<unknown> {
  const { status, body } = await fetchJson({ url, headers: {}, body: null, timeoutMs, answerBytesMax });
  if (status !== 200) throw new Error(`Google answers ${status} to who asks for its keys`);
  return body;
}
