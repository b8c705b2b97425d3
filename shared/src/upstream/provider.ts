// What a provider must bring: its methods in the order in which they are called. One file in providers/ each, one line in registry.ts.

import type { Destination } from '../http/http.ts';
import type { Call, CallerFacts, JsonObject, Meter, ProviderName, Shape } from './call.ts';

/** A provider that has a key. */
export interface Provider {
  readonly name: ProviderName;
  readonly shapes: readonly Shape[];
  /** Bare names of the models that are served, canonical spelling. */
  readonly models: readonly string[];
  /** Models that pass where an allow-list holds the key (spec completions §2.1): bare names. */
  readonly covers: Readonly<Record<string, readonly string[]>>;
  /** Seconds for `retry-after` where the provider named none (spec completions §2.2): up to 3 invites an instance's retry, more forbids it. */
  readonly retryAfterSeconds: number;
  /** 1. Checks what the gateway itself depends on and applies its overrides; all other members pass (design D7). @throws Refusal `bad-request` */
  read(body: JsonObject, caller: CallerFacts, shape: Shape): Call;
  /** 2. Where it goes, and with what headers: by the official SDK where there is one. @param model bare */
  destination(call: Call, model: string): Promise<Destination>;
  /** 3. What is sent: texts, one behind the other (http/post.ts). */
  body(call: Call, model: string): readonly string[];
  /** 4. Reads the answer's usage. */
  meter(call: Call): Meter;
}
