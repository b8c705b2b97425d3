// Door of the upstream room: what a request asks of a provider, the call to it, the answer and what it used. Not who
// may, not what it is charged.

import { randomInt } from 'node:crypto';
import type { Catalogue } from '../catalogue/catalogue.ts';
import type { Config } from '../config/config.ts';
import { Refusal, type AccessTokens } from '../http/http.ts';
import type { Lease } from '../limiter/limiter.ts';
import type { Store } from '../store/store.ts';
import type { Answer, Call, CallerFacts, JsonObject, Metered, Surface } from './call.ts';
import { choose, hasHomes } from './choice.ts';
import { dialectNamed } from './dialects.ts';
import { flag, flaggingSettings, type Flagging, type FlaggingSettings } from './flagging.ts';
import { homeAccess } from './home-access.ts';
import { lengthMaxOf } from './length-max.ts';
import { promptText, type PromptText } from './prompt-text.ts';
import { isTextRequest, requestObject } from './request-body.ts';
import { secondModels } from './second-models.ts';
import { createFailover } from './homes/failover.ts';
import { Health } from './homes/health.ts';
import { createSecrets } from './homes/secrets.ts';
import { SharedHealth } from './homes/shared-health.ts';
import type { SendOptions } from './send.ts';
import { createTokenCounter } from './token-counter.ts';
import { byAnsweringModel } from './usage/answering-model.ts';
import { withEstimates } from './usage/estimate.ts';
import { nothingTold, tokensIn } from './usage/report.ts';
import type { ServedUsage } from './usage/served-usage.ts';

export type { Answer, Attempt, Call, CallerFacts, Meter, Metered, SecondModel, Surface, Usage } from './call.ts';
export { featuresOf } from './choice.ts';
export { embedAll } from './embedding/batches.ts';
export {
  embeddingRefusal,
  retryAfterSeconds,
  roughTokens,
  roughTokensOf,
  toldToSdk,
  type Embedded,
  type Embedder,
  type EmbeddingAsk,
  type EmbeddingInput,
} from './embedding/embedder.ts';
export { embeddersOf } from './embedding/registry.ts';
export type { Flagging } from './flagging.ts';
export type { PromptText } from './prompt-text.ts';
export { readShut, type ShutNow } from './homes/shut-now.ts';
export { DeadlinePassed } from './send.ts';
/** Bounds of what calls may cost, which only calls with budgets need. */
export const loadCallBounds = () => import('./size/call-bound.ts');
export type { ServedUsage } from './usage/served-usage.ts';

/**
 * Counting takes some ten milliseconds for each 32,000 characters, and the end of the answer waits for it: longer
 * texts stay uncounted.
 */
const countedCharactersMax = 1_000_000;

/** The providers' side of this process. */
export interface Upstream {
  /**
   * Whether any home can be asked on a surface: one without is not routed.
   * @param forInstances it takes its own provider's models alone
   */
  serves(catalogue: Catalogue, surface: Surface, forInstances: boolean): boolean;
  /**
   * Checks a parsed body, says what it asks for and of whom.
   * @param catalogue the call's snapshot
   * @throws Refusal `bad-request`, never quoting a prompt
   */
  read(surface: Surface, body: unknown, caller: CallerFacts, catalogue: Catalogue): Call;
  /**
   * Looks at all text of a request by its provider's rules.
   * @param body that `read` accepted
   * @param limitsBlock whether its length alone may block it
   * @returns the text, and what speaks against it or null
   */
  inspect(call: Call, body: unknown, limitsBlock: boolean): Promise<{ prompt: PromptText; flagging: Flagging | null }>;
  /**
   * Calls the provider at one of the model's homes, and at the next where one fails; the promise settles when an
   * answer has begun.
   * @throws Refusal upstream-timeout, upstream-unreachable, upstream-credentials, model-unavailable; an AbortError
   * when the caller left
   */
  send(lease: Lease, call: Call, options: SendOptions): Promise<Answer>;
  /**
   * What a served call used, once its answer has ended; where the API tells no tokens they are counted, and what
   * nobody tells of one that broke off, or was left, is estimated.
   * @param ms since it was sent
   */
  usage(call: Call, answer: Answer, ms: number): Promise<Metered>;
  /** What a call would be billed for if it ended now. @param answer null: none yet; @param ms since it was sent */
  soFar(call: Call, answer: Answer | null, ms: number): readonly ServedUsage[];
  /** What a call may be billed for that was sent whole, and never answered. @param ms since it was sent */
  unanswered(call: Call, ms: number): readonly ServedUsage[];
  /** The same for a call of our own on an admitted request's behalf, whose model may be another than the lease's. */
  sendBeside(lease: Lease, call: Call, options: SendOptions): Promise<Answer>;
  /** Ends the thread that counts tokens. */
  close(): Promise<void>;
}

/** What it is made of. */
export interface UpstreamOptions {
  readonly config: Config;
  /** Of the account that this process runs as, for homes that it lets in. */
  readonly googleTokens: AccessTokens;
  /** Is told when tokens can't be counted, or a model is shut. */
  readonly warn: (message: string, error: unknown) => void;
  /** Is told of a home, a key or a home's model that is shut (1) or open again (0) (homes/health.ts). */
  readonly gauge?: (key: string, shut: 0 | 1) => void;
  /** Where all instances tell each other of homes that fail; absent: this process knows what it saw itself. */
  readonly store?: Store | null;
  /** How long the beginning of an answer is held back (send.ts). */
  readonly holdMs?: number;
  /** 0 to 99, evenly: which deployment a virtual model's call goes to. */
  readonly draw?: () => number;
}

/** How a function gets to its providers; most call none. */
export type OpenUpstream = (options: UpstreamOptions) => Upstream;

/** No network. */
export function createUpstream({
  config,
  googleTokens,
  warn,
  gauge = () => undefined,
  store = null,
  holdMs = 1_000,
  draw = () => randomInt(100),
}: UpstreamOptions): Upstream {
  const deployment = {
    enterprisePercent: config.starcoderEnterprisePercent,
    communityPercent: config.starcoderCommunityPercent,
    draw,
  };
  const now = (): number => performance.now();
  const secrets = createSecrets(config.secretNamed, warn);
  const shared = new SharedHealth(store, now);
  const health = new Health((key, state, waitMs) => {
    gauge(key, state === 'shut' ? 1 : 0);
    shared.tell(key, state, waitMs);
    if (state === 'shut') warn(`${key} keeps failing and gets no calls for ${Math.round(waitMs)} ms`, null);
  });
  shared.attach(health);
  const destination = homeAccess({ secretNamed: (name) => secrets.value(name), googleTokens });
  const send = createFailover({
    attempts: { deadlines: config, destination, now, holdMs },
    health,
    shared,
    secrets,
    random: Math.random,
  });
  const settings = new Map<string, FlaggingSettings | null>();
  const settingsOf = (provider: string): FlaggingSettings | null => {
    const known = settings.get(provider);
    if (known !== undefined) return known;
    const made = flaggingSettings(config, provider);
    settings.set(provider, made);
    return made;
  };
  const counter = createTokenCounter(warn);
  return {
    serves: hasHomes,
    read: (surface, body, caller, catalogue) => {
      // Its answer comes with that of the admission.
      shared.look();
      const request = requestObject(body);
      const dialect = dialectOf(surface, request);
      const forInstances = caller.dialect === 'cody';
      const choice = choose(request, { catalogue, surface, dialect, caller, deployment });
      const { provider } = choice;
      const { api, read } = dialectNamed(dialect);
      const lengthMax = lengthMaxOf(config, provider.id, api);
      const serverTools = config.responsesServerTools ?? [];
      const { model } = choice;
      const reading = read(request, { caller, provider, model, lengthMax, serverTools });
      const { secondNames = [] } = reading;
      const seconds = secondModels(secondNames, provider, catalogue, !forInstances);
      return { dialect, forInstances, ...choice, ...reading, ...(seconds.length > 0 && { seconds }) };
    },
    send: async (lease, call, options) => {
      if (call.model?.id !== lease.permit.model)
        throw new Error(`a lease for ${lease.permit.model}, not ${call.model?.id ?? call.asked}`);
      if (call.homes.length === 0) throw new Refusal('model-unavailable', call.unavailable ?? unavailable(call));
      return send(lease, call, options);
    },
    inspect: async (call, body, limitsBlock) => {
      const rules = settingsOf(call.provider.id);
      const prompt = promptText(requestObject(body), dialectNamed(call.dialect).api);
      const flagging = rules === null ? null : await flag(call.asked, prompt, rules, limitsBlock, counter.count);
      return { prompt, flagging };
    },
    usage: async (call, { meter }, ms) => {
      const usage = meter.usage();
      const report = meter.report();
      const written = meter.untold?.();
      if (written === undefined) {
        const parts = withEstimates(call, { report, written: meter.written(), whole: meter.finished(), ms });
        const billed = byAnsweringModel(call, report.answered, parts);
        return { ...usage, ...totalsOf(report.parts), billed, counted: false, report: report.whole };
      }
      const count = async (text: string): Promise<number | null> =>
        text.length > countedCharactersMax ? null : counter.count(text, Infinity);
      const [inputTokens, outputTokens] = await Promise.all([count(call.countedPrompt ?? ''), count(written)]);
      const counted = { input: inputTokens ?? 0, output: outputTokens ?? 0 };
      const billed: ServedUsage[] = [{ model: null, counts: counted, estimated: true }];
      return { ...usage, inputTokens, outputTokens, ...totalsOf(billed), billed, counted: true, report: null };
    },
    soFar: (call, answer, ms) => {
      const report = answer?.meter.report() ?? nothingTold;
      const written = answer?.meter.written() ?? 0;
      return byAnsweringModel(call, report.answered, withEstimates(call, { report, written, whole: false, ms }));
    },
    unanswered: (call, ms) =>
      byAnsweringModel(call, null, withEstimates(call, { report: nothingTold, written: 0, whole: false, ms })),
    sendBeside: send,
    close: () => counter.close(),
  };
}

const totalsOf = (parts: readonly ServedUsage[]): Pick<Metered, 'tokens' | 'promptTokens'> => ({
  tokens: tokensIn(parts, 'both'),
  promptTokens: tokensIn(parts, 'input'),
});

function dialectOf({ dialects }: Surface, request: JsonObject): Call['dialect'] {
  const [first, second] = dialects;
  if (first === undefined) throw new Error('a surface without a dialect');
  return second !== undefined && isTextRequest(request) ? second : first;
}

const unavailable = ({ provider, asked }: Call): string => `no home of ${provider.id}/${asked} can be used at present`;
