// Homes for tests: complete rows, as the catalogue makes them.

import type { Home, HomeRow } from '../../../catalogue/catalogue.ts';

export function homeOf(id: string, row: Partial<HomeRow> = {}, secrets: readonly string[] = ['KEY_OF_IT']): Home {
  const whole: HomeRow = {
    id,
    provider: 'p',
    kind: 'api-key',
    baseUrl: 'https://example.com',
    company: 'p',
    region: null,
    retention: null,
    dialects: null,
    betas: null,
    tools: null,
    secrets: [...secrets],
    organization: null,
    serves: ['*'],
    spellings: {},
    priority: 0,
    weight: 100,
    callsMax: null,
    headersTimeoutMs: null,
    state: id,
    draining: null,
    hint: null,
    source: 'a test',
    asOf: '2026-11-28',
    ...row,
  };
  return {
    row: whole,
    merged: { id, row: whole } as Home['merged'],
    status: 'open',
    why: null,
    secrets,
    dialects: { 'openai-chat': '/v1/chat/completions' },
    serves: () => true,
    spelling: (name) => name,
  };
}

/** Evenly from 0 to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
