// The tokens that clients send: their kinds, their derivations, the hash that stands for them everywhere else.

import { hash } from 'node:crypto';
import { Refusal } from '../http/http.ts';

/** Prefix and 64 hex digits. */
const tokenLength = 4 + 64;

/** A token that has the form of one. */
export interface KnownToken {
  readonly source: TokenSource;
  /** SHA-256 of the token in hex: the only form in which it is stored, cached or logged. */
  readonly hash: string;
  /**
   * The token itself, as its source knows it (`slk_`, never `sgs_`): for asking that source and for nothing else. A
   * function, so that nothing prints it.
   */
  reveal(): string;
}

/** Sources whose callers have tokens. */
export type TokenSource = 'dotcom-user' | 'dotcom-product-subscriptions';

/**
 * The source that a token belongs to.
 * @throws Refusal `invalid-token` for a prefix that no source takes and for a wrong length (always a 401)
 */
export function classifyToken(token: string): KnownToken {
  const prefix = token.slice(0, 4);
  if (prefix === 'slk_' || prefix === 'sgs_') return known('dotcom-product-subscriptions', token);
  if (prefix === 'sgd_') return known('dotcom-user', token);
  throw new Refusal('invalid-token', 'token not from source: no source found for token');
}

function known(source: TokenSource, token: string): KnownToken {
  if (token.length !== tokenLength) throw new Refusal('invalid-token', `${source}: invalid token format`);
  return { source, hash: hashToken(token), reveal: () => canonical(token) };
}

/** `sgs_` is the older name of `slk_`: both are one token, so both have one hash. */
export function hashToken(token: string): string {
  return sha256(canonical(token));
}

function canonical(token: string): string {
  return token.replace(/^sgs_/, 'slk_');
}

/** The token of a licence key: SHA-256 of its bytes. */
export function deriveFromLicenceKey(licenceKey: string): string {
  return `slk_${sha256(licenceKey)}`;
}

// (prefix)(instance id or local_)(40 hex digits); only the last group counts.
const accessToken = /^(?:sgp_|sgph_)?(?:[a-fA-F0-9]{16}_|local_)?([a-fA-F0-9]{40})$/;

/** The token of a Sourcegraph.com personal access token: SHA-256 twice over its 20 raw bytes; null when it is none. */
export function deriveFromAccessToken(personal: string): string | null {
  const hex = accessToken.exec(personal)?.[1];
  if (hex === undefined) return null;
  const stored = hash('sha256', Buffer.from(hex, 'hex'), 'buffer');
  return `sgd_${sha256(stored)}`;
}

function sha256(data: string | Buffer): string {
  return hash('sha256', data, 'hex');
}
