// Limits as people write them: `500/24h` is 500 units in any 24 hours. Both directions.

import { durationMs } from '@cody-gateway/shared/config';
import { UsageError } from './command.ts';

/** Longer than any plan, and what the sources' own field holds (shared/COMPATIBILITY.md#plan-quotas). */
const intervalSecondsMax = 2_147_483_647;

/** Units in a window. */
export interface Limit {
  readonly limit: number;
  readonly intervalSeconds: number;
}

/**
 * Reads `<units>/<window>`: a whole number above 1, and a Go duration or whole days (`30d`).
 * @param option what it was given for, for the message
 * @param instead what to write in place of 0
 * @throws UsageError
 */
export function parseLimit(text: string, option: string, instead = 'leave the option out'): Limit {
  const [, units, window] = /^(-?\d+)\/(.+)$/.exec(text) ?? [];
  if (/^-\d+$/.test(text)) throw new UsageError(`${option} ${text} is too small: give 2 or more, such as 500/24h`);
  if (units === undefined || window === undefined)
    throw new UsageError(`${option} ${JSON.stringify(text)} is no limit: write units per window, such as 500/24h`);
  const limit = Number(units);
  if (limit < 0) throw new UsageError(`${option} ${units} is too small: give 2 or more`);
  if (!Number.isSafeInteger(limit)) throw new UsageError(`${option} ${units} is more than can be counted`);
  if (limit === 0) throw new UsageError(`${option} 0 grants nothing: ${instead}`);
  // Abuse tooling bans an account by a limit of exactly 1 (shared/COMPATIBILITY.md#blocked-accounts).
  if (limit === 1) throw new UsageError(`${option} 1 means that the account is blocked: give 2 or more`);
  const seconds = durationSeconds(window);
  if (seconds === null)
    throw new UsageError(
      `${option} ${JSON.stringify(text)}: ${JSON.stringify(window)} is no window of whole seconds: write 24h, 90m or 30d`,
    );
  return { limit, intervalSeconds: seconds };
}

/** Whole seconds of a Go duration (`24h`, `1h30m`) or of whole days (`30d`); null for anything else, and for none. */
export function durationSeconds(text: string): number | null {
  const days = /^(\d+)d$/.exec(text)?.[1];
  const seconds = days === undefined ? (durationMs(text) ?? 0) / 1000 : Number(days) * 86_400;
  return Number.isInteger(seconds) && seconds >= 1 && seconds <= intervalSecondsMax ? seconds : null;
}

/** The same for people: `500/24h`; `blocked` for a limit of 1, `-` where nothing is granted. */
export function formatLimit(stated: Limit | null | undefined): string {
  if (stated === null || stated === undefined || stated.limit <= 0 || stated.intervalSeconds <= 0) return '-';
  return stated.limit === 1 ? 'blocked' : `${stated.limit}/${formatSeconds(stated.intervalSeconds)}`;
}

/** A window as it is typed: `24h`, `30d`. */
export function formatSeconds(seconds: number): string {
  if (seconds % 86_400 === 0 && seconds > 86_400) return `${seconds / 86_400}d`;
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}
