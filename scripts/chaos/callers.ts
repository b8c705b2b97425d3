// The load: callers that stay or leave, and what each of them saw. What it proves is checked elsewhere (invariants.ts).

import { setTimeout as sleep } from 'node:timers/promises';
import { anthropicBody, chat, type TestGateway } from '../local/test-gateway.ts';
import type { Behaviour } from '../local/providers/provider-server.ts';
import type { Fleet } from './fleet.ts';
import type { PlannedCall } from './schedule.ts';

/** A subscription that calls, and its two quotas. */
export interface Caller {
  readonly id: string;
  readonly token: string;
  readonly limits: Readonly<Record<PlannedCall['feature'], { limit: number; intervalSeconds: number }>>;
  /** Its calls may be given a provider that fails: there is room for them. */
  readonly spoilt: boolean;
}

/** A call as its caller saw it. */
export interface Seen {
  readonly caller: Caller;
  readonly feature: PlannedCall['feature'];
  /** What the gateway reserves for it, and what it costs when it is served. */
  readonly estimate: number;
  readonly truth: number;
  readonly startMs: number;
  readonly endMs: number;
  /** Null: no answer came. */
  readonly status: number | null;
  /** Empty where no answer came. */
  readonly traceId: string;
  /** A byte of a 200 came. */
  readonly served: boolean;
  /** The answer ended as answers end: neither side broke it off. */
  readonly whole: boolean;
  readonly left: boolean;
  /** Refused by its quota. */
  readonly quota: boolean;
}

const quotaText = /^you have exceeded the rate limit of /;
/** No answer here takes as long: stalls are ended by the gateway's own deadlines. */
const hangMs = 30_000;

/** Calls one after the other until it is over. */
export async function callAlong(
  gateway: TestGateway,
  fleet: Fleet,
  caller: Caller,
  calls: Iterator<PlannedCall, never>,
  over: AbortSignal,
  seen: Seen[],
): Promise<void> {
  while (!over.aborted) {
    const call = await oneCall(gateway, fleet, caller, calls.next().value);
    seen.push(call);
    // The instance is being started again.
    await sleep(call.status === null && !call.left ? 50 : 5);
  }
}

async function oneCall(gateway: TestGateway, fleet: Fleet, caller: Caller, plan: PlannedCall): Promise<Seen> {
  const { feature, words, wordLength } = plan;
  const text = Array.from({ length: words }, () => 'x'.repeat(wordLength)).join(' ');
  const completion = feature === 'chat_completions';
  const behaviour = behaviourOf(plan);
  if (caller.spoilt && behaviour !== null) (completion ? gateway.anthropic : gateway.openai)?.next(behaviour);
  const leaving = new AbortController();
  const timer = plan.leavesAfterMs === null ? undefined : setTimeout(() => leaving.abort(), plan.leavesAfterMs);
  const facts = { status: null as number | null, traceId: '', served: false, whole: false, quota: false };
  const startMs = performance.now();
  try {
    const response = await fetch(
      completion
        ? `${fleet.url('chat-completions', plan.random)}/v1/completions/anthropic-messages`
        : `${fleet.url('embeddings', plan.random)}/v1/embeddings`,
      {
        method: 'POST',
        headers: { ...(completion && chat), authorization: `Bearer ${caller.token}` },
        body: JSON.stringify(
          completion
            ? anthropicBody({ stream: plan.stream })
            : { model: 'openai/text-embedding-ada-002', input: [text] },
        ),
        signal: AbortSignal.any([leaving.signal, AbortSignal.timeout(hangMs)]),
      },
    );
    facts.status = response.status;
    facts.traceId = response.headers.get('x-trace') ?? '';
    let answer = '';
    for await (const piece of response.body ?? []) {
      facts.served ||= response.status === 200;
      if (response.status === 429) answer += Buffer.from(piece).toString('utf8');
    }
    facts.whole = true;
    facts.quota = quotaText.test(answer);
  } catch {
    // Left, cut, killed: what was seen until then counts.
  }
  clearTimeout(timer);
  return {
    caller,
    feature,
    estimate: completion ? 1 : Math.ceil(text.length / 4),
    truth: completion ? 1 : words,
    startMs,
    endMs: performance.now(),
    left: leaving.signal.aborted,
    ...facts,
  };
}

function behaviourOf({ mood, cutAfterBytes }: PlannedCall): Behaviour | null {
  switch (mood) {
    case 'succeeds':
      return null;
    case 'fails':
      return { status: 500, body: '{}' };
    case 'is busy':
      return { status: 429, body: '{}' };
    case 'stalls':
      return { hang: 'headers' };
    case 'stalls in its answer':
      return { hang: 'body' };
    case 'cuts its answer':
      return { cutAfterBytes };
  }
}
