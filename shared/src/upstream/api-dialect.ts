// What a dialect must bring: its methods in the order in which they are called. One file in dialects/ each, one line
// in dialects.ts, and one in size/dialect-sizes.ts.

import type { Home, Model, ProviderRow } from '../catalogue/catalogue.ts';
import type { CallerFacts, JsonObject, Meter, Reading } from './call.ts';
import type { Api } from './guarded-members.ts';

/** What the reading of a request depends on besides the request. */
export interface ReadingRules {
  readonly caller: CallerFacts;
  /** The provider of the model: it names the rules by which it differs, and the members that it does not take. */
  readonly provider: ProviderRow;
  /** The most tokens of an answer that may be asked for; null: the provider's own bound. */
  readonly lengthMax: number | null;
  /** Null: no provider of ours serves it, and the request is refused. */
  readonly model: Model | null;
  /** Tools that the provider runs and bills itself, by type, as far as the operator lets callers use them. */
  readonly serverTools: readonly string[];
}

/** How an API is spoken. */
export interface ApiDialect {
  /** Whose members its requests have. */
  readonly api: Api;
  /** Whose official SDK makes addresses and headers; null: there is none, and it takes no more than a key. */
  readonly sdk: 'anthropic' | 'openai' | null;
  /**
   * 1. Checks what the gateway itself depends on and applies its overrides; all other members pass.
   * @throws Refusal `bad-request`
   */
  read(body: JsonObject, rules: ReadingRules): Reading;
  /** 2. Headers that authorize a call with this key, beside those that the SDK sets. */
  keyHeaders(reading: Reading, key: string): Readonly<Record<string, string | null>>;
  /** 3. What is sent: pieces, one behind the other (http/post.ts). @param model as the home spells it */
  body(reading: Reading, model: string, home: Home): readonly (string | Buffer)[];
  /** 4. Reads the answer's usage. @param model as the provider calls it, however the home spells it */
  meter(reading: Reading, provider: ProviderRow, model: string): Meter;
}
