// Homes that fail, hang, lie and come back, each in moods of its own that its seed draws: as long as one home is well
// no caller may see any of it, and each call has one row and one charge, wherever it was served.

import { setTimeout as sleep } from 'node:timers/promises';
import { startAnthropic } from '../local/providers/anthropic.ts';
import { failures } from '../local/providers/failures.ts';
import type { Behaviour, LocalProvider } from '../local/providers/provider-server.ts';
import { anthropicBody, chat, startGateway, type TestGateway } from '../local/test-gateway.ts';
import type { ChaosResult } from './delivery.ts';
import { seededRandom } from './random.ts';
import { goOn } from './rig.ts';

/** How large a run is. */
export interface HomesChaosOptions {
  readonly seed: string;
  readonly loadMs: number;
  /** Calls at once. */
  readonly workers: number;
  readonly say: (text: string) => void;
}

const key = 'key-of-the-other-homes';
/** A stream that has no headers by then goes to the next home. */
const headersTimeoutMs = 500;
/** From one mood of a home to its next. */
const moodMs = { least: 200, most: 1_000 };
/** Two actors who meet nothing but failures shut a home for everybody. */
const actors = 3;

/** A refused key is no such mood: it rests for half a minute. */
const moods: Readonly<Record<string, Behaviour | null>> = {
  well: null,
  overloaded: failures.anthropic.overloaded,
  fails: { status: 500, body: '{}' },
  lies: failures.anthropic.overloadedIn200,
  cuts: { cutAfterBytes: 0 },
  hangs: { hang: 'headers' },
};
const badMoods = Object.keys(moods).filter((mood) => mood !== 'well');

/** Runs it: load while the homes' moods change, then the account. The same seed draws the same moods. */
export async function homesChaos({ seed, loadMs, workers, say }: HomesChaosOptions): Promise<ChaosResult> {
  const [second, last] = await Promise.all([startAnthropic({ apiKey: key }), startAnthropic({ apiKey: key })]);
  const rows = [
    { id: 'anthropic-api', headersTimeoutMs },
    { ...homeAt('second', second, 1), headersTimeoutMs },
    homeAt('last', last, 2),
  ];
  const gateway = await startGateway({
    functions: ['chat-completions', 'deliver-events'],
    env: { CODY_GATEWAY_CATALOGUE: JSON.stringify({ homes: rows }), OTHER_HOMES_KEY: key },
  });
  try {
    const first = gateway.anthropic;
    if (first === null) throw new Error('the gateway was started without Anthropic');
    const over = new AbortController();
    const met: Record<string, number> = {};
    say(`seed ${seed}: homes in bad moods for ${loadMs / 1000} s …`);
    const changing = [first, second].map((home, n) => changeMoods(home, `${seed}:home ${n}`, met, over.signal));
    const subscriptions = await Promise.all(
      Array.from({ length: actors }, () => gateway.subscription({ limit: 1_000_000 })),
    );
    const faults: string[] = [];
    const calling = Array.from({ length: workers }, (_, n) =>
      callOnAndOn(gateway, subscriptions[n % actors]?.token ?? '', `${seed}:${n}`, over.signal, faults),
    );
    await sleep(loadMs);
    const enough = (): boolean => Object.keys(moods).every((mood) => (met[mood] ?? 0) > 0);
    await goOn(loadMs, enough, () => Promise.resolve());
    over.abort();
    const calls = (await Promise.all(calling)).reduce((sum, n) => sum + n, 0);
    await Promise.all(changing);
    const figures = await account(gateway, subscriptions, calls, faults);
    for (const mood of Object.keys(moods))
      if ((met[mood] ?? 0) === 0) faults.push(`${mood}: none, so nothing is shown`);
    return { figures: { calls, ...figures, ...met, faults: faults.length }, faults };
  } finally {
    await gateway.stop();
    await Promise.all([second.close(), last.close()]);
  }
}

function homeAt(id: string, { url }: LocalProvider, priority: number): Record<string, unknown> {
  const who = { provider: 'anthropic', company: 'anthropic', kind: 'api-key', secrets: ['OTHER_HOMES_KEY'] };
  return { id, ...who, baseUrl: url, state: id, priority };
}

/**
 * Each mood once a round, in an order of its own, and well in between: it comes back. A mood lasts until somebody has
 * met it; each request is counted under the one that it meets.
 */
async function changeMoods(
  home: LocalProvider,
  seed: string,
  met: Record<string, number>,
  over: AbortSignal,
): Promise<void> {
  const random = seededRandom(seed);
  while (!over.aborted) {
    const order = badMoods.map((mood) => ({ mood, at: random() })).toSorted((a, b) => a.at - b.at);
    for (const mood of order.flatMap(({ mood }) => [mood, 'well'])) {
      let asked = 0;
      home.unwell = () => {
        asked++;
        met[mood] = (met[mood] ?? 0) + 1;
        return moods[mood] ?? null;
      };
      const ms = moodMs.least + random() * (moodMs.most - moodMs.least);
      await sleep(ms, undefined, { signal: over }).catch(() => undefined);
      const isOver = (): boolean => asked > 0 || over.aborted;
      while (!isOver()) await sleep(50);
    }
  }
  home.unwell = null;
}

/** @returns how many calls it made */
async function callOnAndOn(
  gateway: TestGateway,
  token: string,
  seed: string,
  over: AbortSignal,
  faults: string[],
): Promise<number> {
  const random = seededRandom(seed);
  let calls = 0;
  while (!over.aborted) {
    const uid = String(Math.floor(random() * 1_000));
    const { status, text } = await gateway.call('/v1/completions/anthropic-messages', {
      token,
      headers: { ...chat, 'x-sourcegraph-actor-uid': uid },
      body: anthropicBody({ stream: true }),
    });
    calls++;
    if (status !== 200 || !text.includes('message_stop')) faults.push(`a caller saw ${status}: ${text.slice(-200)}`);
    await sleep(20);
  }
  return calls;
}

/** One row, one unit and no lease a call; who served how many. */
async function account(
  gateway: TestGateway,
  subscriptions: readonly { readonly id: string }[],
  calls: number,
  faults: string[],
): Promise<Record<string, number>> {
  const rows = (await gateway.events(`name = 'CompletionsFinished'`)) as (Awaited<
    ReturnType<TestGateway['events']>
  >[number] & {
    readonly home: string | null;
    readonly attempts: number | string;
  })[];
  if (rows.length !== calls) faults.push(`${calls} calls have ${rows.length} rows`);
  if (new Set(rows.map(({ event_id }) => event_id)).size !== rows.length) faults.push('a call has two rows');
  for (const { units, quota_units, event_id } of rows)
    if (units !== 1 || quota_units !== 1)
      faults.push(`row ${event_id} has ${units} units and ${quota_units} of the quota`);
  let used = 0;
  for (const { id } of subscriptions)
    for (const counter of await gateway.redisClient.keys(`*:limit:*${id}*`)) {
      const [own, reserved] = await gateway.redisClient.hmget(counter, 'used', 'reserved');
      used += Number(own);
      if (reserved !== '0') faults.push(`${reserved} units are still reserved`);
    }
  if (used !== calls) faults.push(`${calls} calls, ${used} charged`);
  if ((await gateway.redisClient.keys('*:in-flight:*')).length > 0) faults.push('a lease is left');
  const shares = Map.groupBy(rows, ({ home }) => `served by ${home}`);
  if (shares.size !== 3) faults.push(`only ${[...shares.keys()].join(', ')}: nothing came back, or nothing failed`);
  const moved = rows.filter(({ attempts }) => Number(attempts) > 1).length;
  return { moved, ...Object.fromEntries([...shares].map(([home, own]) => [home, own.length])) };
}
