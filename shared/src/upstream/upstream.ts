// Door of the upstream room: what a request asks of a provider, the call to it, the answer and what it used. Not who may, not what it is charged.

import type { Config } from '../config/config.ts';
import { Refusal } from '../http/http.ts';
import type { Lease } from '../limiter/limiter.ts';
import type { Answer, Call, CallerFacts, ProviderName, Shape } from './call.ts';
import { requestObject } from './request-body.ts';
import { providersWithKeys } from './registry.ts';
import { send, type SendOptions } from './send.ts';

export type { Answer, Call, CallerFacts, Meter, ProviderName, Shape, Usage } from './call.ts';

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
  /**
   * Calls the provider; the promise settles with its response headers.
   * @throws Refusal upstream-timeout, upstream-unreachable; an AbortError when the caller left
   */
  send(lease: Lease, call: Call, options: SendOptions): Promise<Answer>;
}

/** Makes the providers that the configuration has keys for; no network. */
export function createUpstream(config: Config): Upstream {
  const providers = providersWithKeys(config);
  const byShape = new Map(providers.flatMap((provider) => provider.shapes.map((shape) => [shape, provider] as const)));
  const byName = new Map(providers.map((provider) => [provider.name, provider]));
  const models = new Map(providers.map(({ name, models: list }) => [name, list.map((model) => `${name}/${model}`)]));
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
      return send(provider, lease, call, config, options);
    },
  };
}
