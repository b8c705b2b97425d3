// Door of the upstream room: what a request asks of a provider, the call to it, the answer and what it used. Not who may, not what it is charged.

import type { Config } from '../config/config.ts';
import { Refusal } from '../http/http.ts';
import type { Lease } from '../limiter/limiter.ts';
import { createBreaker, type CallOutcome } from './breaker.ts';
import type { Answer, Call, CallerFacts, JsonObject, Metered, ProviderName, Shape } from './call.ts';
import { flag, flaggingSettings, type Flagging } from './flagging.ts';
import { promptText, type PromptText } from './prompt-text.ts';
import type { Provider } from './provider.ts';
import { promptTextsOf, requestObject } from './request-body.ts';
import { providersWithKeys } from './registry.ts';
import { send, type SendOptions } from './send.ts';
import { isModelFault } from './status.ts';
import { createTokenCounter } from './token-counter.ts';
import { tokensIn } from './usage/report.ts';
import type { ServedUsage } from './usage/served-usage.ts';

export type { Answer, Call, CallerFacts, Meter, Metered, ProviderName, Shape, Usage } from './call.ts';
export { knownModel, type Model } from './catalogue.ts';
export { embedAll } from './embedding/batches.ts';
export { embeddingRefusal, retryAfterSeconds, type Embedded, type Embedder } from './embedding/embedder.ts';
export { embeddersOf } from './embedding/registry.ts';
export type { Flagging } from './flagging.ts';
export type { PromptText } from './prompt-text.ts';
export { DeadlinePassed } from './send.ts';
export type { ServedUsage } from './usage/served-usage.ts';

/** Counting takes some ten milliseconds for each 32,000 characters, and the end of the answer waits for it: longer texts stay uncounted. */
const countedCharactersMax = 1_000_000;

/** The providers of this process. */
export interface Upstream {
  /** Shapes whose provider has a key: the only ones that are routed. */
  readonly shapes: ReadonlySet<Shape>;
  /** Providers that have a key. */
  readonly providers: readonly ProviderName[];
  /** The gateway's own allow-list of a provider: qualified names, canonical spelling. */
  served(provider: ProviderName): readonly string[];
  /** Qualified names that pass where an allow-list holds the key (spec completions §2.1). */
  covers(provider: ProviderName): Readonly<Record<string, readonly string[]>>;
  /** Checks a parsed body and says what it asks for. @throws Refusal `bad-request`, never quoting a prompt */
  read(shape: Shape, body: unknown, caller: CallerFacts): Call;
  /**
   * Looks at all text of a request by its provider's rules.
   * @param body that `read` accepted
   * @param limitsBlock whether its length alone may block it
   * @returns the text, and what speaks against it or null
   */
  inspect(call: Call, body: unknown, limitsBlock: boolean): Promise<{ prompt: PromptText; flagging: Flagging | null }>;
  /**
   * Calls the provider; the promise settles with its response headers.
   * @throws Refusal upstream-timeout, upstream-unreachable, model-unavailable; an AbortError when the caller left
   */
  send(lease: Lease, call: Call, options: SendOptions): Promise<Answer>;
  /** What a served call used, once its answer is whole; where the API tells no tokens they are counted (spec completions §4.1). */
  usage(call: Call, answer: Answer): Promise<Metered>;
  /** Ends the thread that counts tokens. */
  close(): Promise<void>;
}

/**
 * Makes the providers that the configuration has keys for; no network.
 * @param warn is told when tokens can't be counted, or a model is shut
 * @param gauge is told of a model that is shut (1) or open again (0)
 */
export function createUpstream(
  config: Config,
  warn: (message: string, error: unknown) => void,
  gauge: (model: string, shut: 0 | 1) => void = () => undefined,
): Upstream {
  const providers = providersWithKeys(config);
  const byShape = speakersByShape(providers);
  const byName = new Map(providers.map((provider) => [provider.name, provider]));
  const models = new Map(providers.map(({ name, models: list }) => [name, list.map((model) => `${name}/${model}`)]));
  const covers = new Map(providers.map(({ name, covers: table }) => [name, qualified(name, table)]));
  /** The provider of a shape; where several speak it, the one whose name or list the model has, or the first. */
  const providerOf = (shape: Shape, model: unknown): Provider | null => {
    const speakers = byShape.get(shape) ?? [];
    const asked = typeof model === 'string' ? model.toLowerCase() : '';
    const named = speakers.find(({ prefix }) => asked.startsWith(prefix));
    return (named ?? speakers.find(({ listed }) => listed.has(asked)) ?? speakers[0])?.provider ?? null;
  };
  const settings = new Map(providers.map(({ name }) => [name, flaggingSettings(config, name)] as const));
  const counter = createTokenCounter(warn);
  const breaker = createBreaker(
    () => performance.now(),
    (model, state, shutMs) => {
      gauge(model, state === 'shut' ? 1 : 0);
      if (state === 'shut') warn(`model ${model} keeps failing and is not called for ${shutMs} ms`, null);
    },
  );
  return {
    shapes: new Set(byShape.keys()),
    providers: [...byName.keys()],
    served: (name) => models.get(name) ?? [],
    covers: (name) => covers.get(name) ?? {},
    read: (shape, body, caller) => {
      const request = requestObject(body);
      const provider = providerOf(shape, request['model']);
      if (provider === null) throw new Refusal('not-found', '404 page not found');
      return provider.read(request, caller, shape);
    },
    send: async (lease, call, options) => {
      const provider = byShape.get(call.shape)?.find(({ provider: { name } }) => name === call.provider)?.provider;
      if (provider === undefined) throw new Error(`no provider ${call.provider} for ${call.shape}`);
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
    inspect: async (call, body, limitsBlock) => {
      const rules = settings.get(call.provider);
      if (rules === undefined) throw new Error(`no provider ${call.provider}`);
      const prompt = promptText(requestObject(body), call.provider);
      const flagging = rules === null ? null : await flag(call.model, prompt, rules, limitsBlock, counter.count);
      return { prompt, flagging };
    },
    usage: async (call, { meter }) => {
      const usage = meter.usage();
      const { parts, whole } = meter.report();
      const written = meter.untold?.();
      if (written === undefined) return { ...usage, tokens: tokensIn(parts), billed: parts, report: whole };
      const prompt = promptTextsOf(JSON.parse(call.body) as JsonObject).join('');
      const count = async (text: string): Promise<number | null> =>
        text.length > countedCharactersMax ? null : counter.count(text, Infinity);
      const [inputTokens, outputTokens] = await Promise.all([count(prompt), count(written)]);
      const counted = { input: inputTokens ?? 0, output: outputTokens ?? 0 };
      const billed: ServedUsage[] = [{ model: null, counts: counted, estimated: true }];
      return { ...usage, inputTokens, outputTokens, tokens: tokensIn(billed), billed, report: null };
    },
    close: () => counter.close(),
  };
}

/** A provider under one of its shapes, and how requests name it: by its prefix, or by a model of its list, in lower case. */
interface Speaker {
  readonly provider: Provider;
  readonly prefix: string;
  readonly listed: ReadonlySet<string>;
}

function speakersByShape(providers: readonly Provider[]): ReadonlyMap<Shape, readonly Speaker[]> {
  const pairs = providers.flatMap((provider) => {
    const listed = new Set(provider.models.map((name) => name.toLowerCase()));
    return provider.shapes.map((shape) => ({ shape, provider, prefix: `${provider.name}/`, listed }));
  });
  return Map.groupBy(pairs, ({ shape }) => shape);
}

/** A provider's table of bare names, with its name in front of each. */
function qualified(
  provider: ProviderName,
  table: Readonly<Record<string, readonly string[]>>,
): Record<string, readonly string[]> {
  const rows = Object.entries(table).map(([entry, names]) => [
    `${provider}/${entry}`,
    names.map((name) => `${provider}/${name}`),
  ]);
  return Object.fromEntries(rows) as Record<string, readonly string[]>;
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
