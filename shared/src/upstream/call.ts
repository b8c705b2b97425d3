// The nouns of a provider call: what is asked, by whom, what comes back, what it used.

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Feature } from '../auth/auth.ts';
import type { Dialect, SseEvent } from '../http/http.ts';
import type { ServedUsage, UsageReport } from './usage/served-usage.ts';

/** Providers as they stand in model names, events and headers. */
export type ProviderName = 'anthropic' | 'openai' | 'fireworks' | 'google';

/**
 * Request shapes that are accepted. The first five are those of the Cody routes: an instance sends `openai` and `fireworks` chats or prompts under
 * one path. The last two are OpenAI's own dialect, which several providers speak: there the model says which.
 */
export type Shape =
  'anthropic-messages' | 'anthropic-text' | 'openai' | 'fireworks' | 'google' | 'openai-chat' | 'openai-text';

/** What a provider is told of the caller, and what its rules depend on. */
export interface CallerFacts {
  readonly actorId: string;
  /** The instance's own user (`X-Sourcegraph-Actor-UID`), null where none is named. */
  readonly actorUid: string | null;
  readonly dialect: Dialect;
  readonly feature: Feature;
  /** Request headers of the caller: a provider passes on what switches its API's features, on its own dialect alone. */
  readonly headers: IncomingHttpHeaders;
}

/** A JSON object as it came. */
export type JsonObject = Record<string, unknown>;

/** What one request asks of a provider. */
export interface Call {
  readonly provider: ProviderName;
  readonly shape: Shape;
  /** Path of the provider's API, below its base. */
  readonly path: string;
  /** As asked, bare; of a virtual name, the model that was chosen. */
  readonly model: string;
  readonly stream: boolean;
  /** Provider-specific metadata of the event (spec completions §4.3). */
  readonly eventExtras: Readonly<Record<string, unknown>>;
  /** Code points of all prompt text. */
  readonly promptCharacters: number;
  /** JSON of what goes to the provider, but for the model, which the permit names. A text: it is written once, before admission, and its objects are free while the answer streams. */
  readonly body: string;
  /** Further request headers; null takes one of the SDK's away. */
  readonly headers: Readonly<Record<string, string | null>>;
  /** D8: usage was asked for on our own account, so the chunk that carries it is not for the caller. */
  readonly hidesUsage: boolean;
}

/** What a call used, as the provider reports it; unknown is null. */
export interface Usage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly cacheReadTokens: number | null;
  readonly cacheWriteTokens: number | null;
  readonly reasoningTokens: number | null;
  /** Code points of the text that the model wrote; not of its thinking or of tool arguments, which are no answer to a reader. */
  readonly completionCharacters: number | null;
}

/** What a served call used, and what it is billed by. */
export interface Metered extends Usage {
  /** All tokens that were reported, those of caches and of other models that helped included; null where none were. */
  readonly tokens: number | null;
  /** Disjoint counts by the model that served them; where nothing was reported, or not all, with estimates in them. */
  readonly billed: readonly ServedUsage[];
  /** The provider's report as it came, bounded; null without one. */
  readonly report: UsageReport['whole'];
}

/**
 * Reads the usage out of an answer while it passes. Never throws: what it can't read stays unknown. Methods, no accessors: the accessors of an object
 * literal live in V8's old generation, and keep alive what they close over (a whole request) until a major collection.
 */
export interface Meter {
  /** Takes one event of a stream; false: it must not be relayed (D8). */
  event(event: SseEvent): boolean;
  /** Takes a piece of an answer that is no stream. */
  body(chunk: Buffer): void;
  usage(): Usage;
  /** What was reported, whole, by the dimensions of prices. */
  report(): UsageReport;
  /** Bytes of everything that the model wrote, its thinking and tool arguments too. */
  written(): number;
  /** What the model wrote, for an API whose answers tell no tokens: they are counted then. Absent elsewhere. */
  readonly untold?: () => string;
  /** True once the end mark of a stream was seen. */
  finished(): boolean;
  /** True once the provider said in its answer that it failed: the caller has read that in the provider's own words. */
  failed(): boolean;
}

/** A provider's answer, its headers in hand. */
export interface Answer {
  /** The provider's own status. */
  readonly status: number;
  /** The status for the caller (status.ts). */
  readonly callerStatus: number;
  /** `retry-after` for the caller, or null. */
  readonly retryAfter: string | null;
  /** 401 or 403: our key is our fault, and the body may name it (design D6). */
  readonly credentialsRefused: boolean;
  /** Response headers for the caller, by allow-list. */
  readonly headers: OutgoingHttpHeaders;
  /** True for `text/event-stream`. */
  readonly sse: boolean;
  /** The body, as it arrives; throws when it breaks off or a deadline passes. */
  readonly body: AsyncIterable<Buffer>;
  readonly meter: Meter;
  /** Calls back when the call is ended before its time, at once if it was: for whoever waits for something else than its body. The last one counts; null takes it away. */
  onEnded(listener: (() => void) | null): void;
  /** Ends the call at once. */
  abort(): void;
}
