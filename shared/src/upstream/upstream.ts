// Door of the upstream room: what a request asks of a provider, the call to it, the answer and what it used. Not who may, not what it is charged.

import type { Config } from '../config/config.ts';
import { Refusal } from '../http/http.ts';
import type { Lease } from '../limiter/limiter.ts';
import { createBreaker, type CallOutcome } from './breaker.ts';
import type { Answer, Call, CallerFacts, ProviderName, Shape } from './call.ts';
import { flag, flaggingSettings, type Flagging } from './flagging.ts';
import { promptText, type PromptText } from './prompt-text.ts';
import { requestObject } from './request-body.ts';
import { providersWithKeys } from './registry.ts';
import { send, type SendOptions } from './send.ts';
import { isModelFault } from './status.ts';
import { createTokenCounter } from './token-counter.ts';

export type { Answer, Call, CallerFacts, Meter, ProviderName, Shape, Usage } from './call.ts';
export type { Flagging } from './flagging.ts';
export type { PromptText } from './prompt-text.ts';

/** The providers of this process. */
export interface Upstream {
  /** Shapes whose provider has a key: the only ones that are routed. */
  readonly shapes: ReadonlySet<Shape>;
  /** Providers that have a key. */
  readonly providers: readonly ProviderName[];
  /** The gateway's own allow-list of a provider: qualified names, canonical spelling. */
  served(provider: ProviderName): readonly string[];
  /** Checks a parsed body and says what it asks for. @throws Refusal `bad-request`, never quoting a prompt */
  read(shape: Shape, body: unknown, caller: CallerFacts): Call;
  /** Looks at all text of a request by its provider's rules (spec completions §3). @param body that `read` accepted @returns the text, and what speaks against it or null */
  inspect(call: Call, body: unknown): Promise<{ prompt: PromptText; flagging: Flagging | null }>;
  /**
   * Calls the provider; the promise settles with its response headers.
   * @throws Refusal upstream-timeout, upstream-unreachable, model-unavailable; an AbortError when the caller left
   */
  send(lease: Lease, call: Call, options: SendOptions): Promise<Answer>;
  /** Ends the thread that counts tokens. */
  close(): Promise<void>;
}

/** Makes the providers that the configuration has keys for; no network. @param warn is told when tokens can't be counted */
export function createUpstream(config: Config, warn: (message: string, error: unknown) => void): Upstream {
  const providers = providersWithKeys(config);
  const byShape = new Map(providers.flatMap((provider) => provider.shapes.map((shape) => [shape, provider] as const)));
  const byName = new Map(providers.map((provider) => [provider.name, provider]));
  const models = new Map(providers.map(({ name, models: list }) => [name, list.map((model) => `${name}/${model}`)]));
  const settings = new Map(providers.map(({ name }) => [name, flaggingSettings(config, name)] as const));
  const counter = createTokenCounter(warn);
  const breaker = createBreaker(() => performance.now());
  return {
    shapes: new Set(byShape.keys()),
    providers: providers.map(({ name }) => name),
    served: (name) => models.get(name) ?? [],
    read: (shape, body, caller) => {
      const provider = byShape.get(shape);
      if (provider === undefined) throw new Refusal('not-found', '404 page not found');
      return provider.read(requestObject(body), caller);
    },
    send: async (lease, call, options) => {
      const provider = byName.get(call.provider);
      if (provider === undefined) throw new Error(`no provider ${call.provider}`);
      const passage = breaker.pass(lease.permit.model);
      try {
        const answer = await send(provider, lease, call, config, options);
        passage.report(isModelFault(answer.status) ? 'failed' : 'served', retryAfterMs(answer.retryAfter));
        return answer;
      } catch (error) {
        passage.report(outcomeOf(error, options));
        throw error;
      }
    },
    inspect: async (call, body) => {
      const rules = settings.get(call.provider);
      if (rules === undefined) throw new Error(`no provider ${call.provider}`);
      const prompt = promptText(requestObject(body), call.provider === 'anthropic');
      return { prompt, flagging: await flag(call.model, prompt, rules, counter.count) };
    },
    close: () => counter.close(),
  };
}

/** What a call without an answer says of its model: nothing when the caller left or chose the deadline that passed (design D9). */
function outcomeOf(error: unknown, { signal, timeoutMs }: SendOptions): CallOutcome {
  if (signal.aborted || !(error instanceof Refusal)) return 'undecided';
  if (error.kind === 'upstream-timeout') return timeoutMs === null ? 'failed' : 'undecided';
  return error.kind === 'upstream-unreachable' ? 'failed' : 'undecided';
}

/** `retry-after` in milliseconds where it is a number of seconds, else null. */
function retryAfterMs(retryAfter: string | null): number | null {
  return retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : null;
}
