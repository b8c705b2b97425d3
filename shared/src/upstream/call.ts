// The nouns of a provider call: what is asked, by whom, what comes back, what it used.

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Feature, PromptPlaces } from '../auth/auth.ts';
import type { DialectName, Home, Model, ModelFeature, ProviderRow } from '../catalogue/catalogue.ts';
import type { Dialect, Refusal, SseEvent } from '../http/http.ts';
import type { ServedUsage, UsageReport } from './usage/served-usage.ts';

/** What a path takes: whose models, and in which dialects. */
export interface Surface {
  /** Whose model a name without a prefix means. Paths of instances take no other provider's models. */
  readonly provider: string;
  /** Where there are two, a text completion is told from a conversation by its members. */
  readonly dialects: readonly DialectName[];
  /** It takes models of these features only; absent: models that complete. */
  readonly features?: readonly ModelFeature[];
}

/** What a provider is told of the caller, and what its rules depend on. */
export interface CallerFacts {
  readonly actorId: string;
  /** The instance's own user (`X-Sourcegraph-Actor-UID`), null where none is named. */
  readonly actorUid: string | null;
  readonly dialect: Dialect;
  readonly feature: Feature;
  /** Where the caller's prompts may go, as its subscription states; absent or null: nothing is stated. */
  readonly places?: PromptPlaces | null;
  /**
   * The caller's request headers. Those that switch features of an API are passed on where that API's dialect is
   * spoken.
   */
  readonly headers: IncomingHttpHeaders;
  /** The method that the caller's URL names (Gemini's `:countTokens`); absent: the dialect has one method only. */
  readonly verb?: string;
  /** Bytes of the request as it came; absent: it is small. */
  readonly bodyBytes?: number;
}

/** A JSON object as it came. */
export type JsonObject = Record<string, unknown>;

/** How large a prompt is, as it is sent. */
export interface PromptSize {
  /** Bytes of all words, and of the JSON of what may be called. */
  readonly bytes: number;
  readonly images: number;
  /** The most tokens that are asked for, or null where none are named. */
  readonly maxTokens: number | null;
}

/** A request as its dialect reads it: what goes to whichever home will have it. */
export interface Reading {
  readonly stream: boolean;
  /** Dialect-specific metadata of the event. */
  readonly eventExtras: Readonly<Record<string, unknown>>;
  /** Code points of all prompt text. */
  readonly promptCharacters: number;
  /**
   * JSON of what goes to the provider, but for the model, which is written as the home spells it: a text, or of a large
   * request its bytes. It is written once, before admission, and its objects are free while the answer streams.
   */
  readonly body: string | Buffer;
  /** The place in `body` where the model stood (outgoing-body.ts); absent: in front, or nowhere. */
  readonly modelAt?: number;
  /** The few numbers that an estimate needs once the request itself is no longer kept. */
  readonly promptSize: PromptSize;
  /** All of the prompt, for an API whose answers tell no tokens: they are counted then. Absent elsewhere. */
  readonly countedPrompt?: string;
  /** Request headers that the dialect sets; null removes one that the SDK would send. */
  readonly headers: Readonly<Record<string, string | null>>;
  /** The gateway asked for usage where the caller did not, so the chunk that carries it is not relayed. */
  readonly hidesUsage: boolean;
  /** What was left out or changed of what was asked, in words for the caller; absent: nothing. */
  readonly warnings?: readonly string[];
  /** Further models that the request would have called, as it names them; absent: none. */
  readonly secondNames?: readonly string[];
  /** Replaces the method behind the last colon of the home's URL; absent: the URL stays as it is. */
  readonly verb?: string;
  /** The stream comes as one JSON array and not as events. */
  readonly arrayStream?: boolean;
}

/** Whose model a request means, and which homes may have it: out of one snapshot of the catalogue. */
export interface Choice {
  readonly provider: ProviderRow;
  /** The name without its prefix; of a virtual name, the model that was drawn. Empty where the request names none. */
  readonly asked: string;
  /** The name as the request writes it, without its prefix. */
  readonly typed: string;
  /** Null: no provider of ours serves it. */
  readonly model: Model | null;
  /** Why it is not served at present, in an operator's words for the caller. */
  readonly unavailable: string | null;
  /** Open homes that may receive the request and can serve it, in the order in which they are asked. */
  readonly homes: readonly Home[];
  /**
   * The caller's own name for the conversation, so that its requests reach the same home and its prompt cache; empty
   * where the caller gives none.
   */
  readonly cacheKey: string;
  /** Ids of models on this surface that may have been meant, where there is none of that name. */
  readonly nearest: readonly string[];
}

/** A model that is called beside the request's own, as far as a permit needs it. */
export type SecondModel = Pick<Choice, 'provider' | 'asked' | 'typed' | 'model' | 'unavailable' | 'nearest'>;

/** What one request asks, and of whom. */
export interface Call extends Reading, Choice {
  /** Emptied once the call can't be sent again: the answer may stream for minutes. */
  body: string | Buffer;
  readonly dialect: DialectName;
  /** Asked on a path of instances, which know their own statuses and waits. */
  readonly forInstances: boolean;
  /** Called and billed beside the model itself: the caller must be allowed them, too. Absent: none. */
  readonly seconds?: readonly SecondModel[];
}

/**
 * Whose fault a failed answer is.
 * `caller`: the request asks for something that no home can give.
 * `overload`, `failed`: the provider's fault: it is overloaded, or broken.
 * `key`, `money`, `access`: the gateway's fault: its key is refused, its account is out of credit, its project or key
 * lacks this model.
 * `state`: nobody's: a part of the request can be read only by the home that wrote it.
 */
export type Blame = 'caller' | 'overload' | 'failed' | 'key' | 'money' | 'access' | 'state';

/**
 * How an attempt at a home failed: no connection, lost before its headers, silent for too long, a stream that broke off
 * before it said anything; or whose fault its answer is (homes/blame.ts).
 */
export type AttemptFailureKind = 'unreachable' | 'lost' | 'silent' | 'cut' | Blame;

/** One attempt at one home. */
export interface Attempt {
  readonly home: string;
  /** As the home spells the model. */
  readonly model: string;
  /** The home's status; -1 without an answer. */
  readonly status: number;
  /** When it was sent, by `performance.now()`. */
  readonly sentMs: number;
  /** From sending to the response headers, or to the failure. */
  readonly ms: number;
  /** Null: its answer is the caller's. */
  readonly failure: AttemptFailureKind | null;
  /** The request was sent whole and its answer reached nobody, so the home may still bill it. */
  readonly mayBeBilled: boolean;
  /** Of an answer that is our fault what the provider says, in one bounded line; for the log alone. */
  readonly said: string | null;
}

/** What a call used, as the provider reports it; unknown is null. */
export interface Usage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cacheReadTokens: number | null;
  readonly cacheWriteTokens: number | null;
  readonly reasoningTokens: number | null;
  /**
   * Code points of the text that the model wrote; not of its thinking or of tool arguments, which are no answer to a
   * reader.
   */
  readonly completionCharacters: number | null;
}

/** What a served call used, and what it is billed by. */
export interface Metered extends Usage {
  /** All tokens that were reported, those of caches and of other models that helped included; null where none were. */
  readonly tokens: number | null;
  /** The input among these, counted alike for every provider; `inputTokens` is what each of them calls so. */
  readonly promptTokens: number | null;
  /** Counts by the model that served them, none of them twice; estimates fill in what was not reported. */
  readonly billed: readonly ServedUsage[];
  /** Input and output are our own count: the API tells none. */
  readonly counted: boolean;
  /** The provider's report as it came, bounded; null without one. */
  readonly report: UsageReport['whole'];
}

/**
 * Reads the usage out of an answer while it passes. Never throws: what it can't read stays unknown. Methods, no
 * accessors: the accessors of an object literal live in V8's old generation, and keep alive what they close over (a
 * whole request) until a major collection.
 */
export interface Meter {
  /** Takes one event of a stream; false: it must not be relayed. */
  event(event: SseEvent): boolean;
  /** Takes a piece of an answer that is no stream. */
  body(chunk: Buffer): void;
  usage(): Usage;
  /** The whole report, by the dimensions that prices have. */
  report(): UsageReport;
  /** Bytes of everything that the model wrote, its thinking and tool arguments too. */
  written(): number;
  /** What the model wrote, for an API whose answers tell no tokens: they are counted then. Absent elsewhere. */
  readonly untold?: () => string;
  /** True once a stream has said all: its end mark was seen, or why the model stopped. */
  finished(): boolean;
  /** Where the events of the API are numbered: the number that an event of ours takes. */
  readonly nextNumber?: () => number;
  /** True once the provider said in its answer that it failed: the caller has read that in the provider's own words. */
  failed(): boolean;
}

/** A provider's answer whose headers have arrived. */
export interface Answer {
  /** The provider's own status. */
  readonly status: number;
  /** The status for the caller (status.ts). */
  readonly callerStatus: number;
  /** `retry-after` for the caller, or null. */
  readonly retryAfter: string | null;
  /**
   * Where the answer is our fault (a key, an account without credit, a project without the model): what the caller is
   * told in its place.
   */
  readonly refusal: Refusal | null;
  /** Id of the home that answered. */
  readonly home: string;
  /** When it was sent there, by `performance.now()`. */
  readonly sentMs: number;
  /** Milliseconds from sending the request to the response headers. */
  readonly headersMs: number;
  /** Response headers for the caller, by allow-list. */
  readonly headers: OutgoingHttpHeaders;
  /** True for `text/event-stream`. */
  readonly sse: boolean;
  /** True for a stream that is one JSON array. */
  readonly arrayStream: boolean;
  /** The body, as it arrives; throws when it breaks off or a deadline passes. */
  readonly body: AsyncIterable<Buffer>;
  readonly meter: Meter;
  /**
   * Calls the listener when the call is ended early, at once if it already was: for code that waits for something other
   * than the body. There is one listener: a new one replaces it, null removes it.
   */
  onEnded(listener: (() => void) | null): void;
  /** Ends the call at once. */
  abort(): void;
}
