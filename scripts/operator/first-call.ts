// The line that an operator hands on with a new token: a call that works with what was granted.

import type { SubscriptionRecord } from '@cody-gateway/shared/directory';

/** Providers whose completions are routed, with a model that the gateway serves unless told otherwise. */
const routes: readonly (readonly [provider: string, path: string, model: string])[] = [
  ['anthropic', '/v1/completions/anthropic-messages', 'claude-3-haiku-20240307'],
  ['openai', '/v1/completions/openai', 'gpt-4o'],
];

/**
 * A curl line: a streamed chat completion where chat is granted for a model of these providers, otherwise a look at
 * the limits.
 * @param url the gateway's address; null where nobody said @param unknown models that nothing serves
 */
export function firstCall(
  url: string | null,
  token: string,
  limits: SubscriptionRecord['limits'],
  unknown: ReadonlySet<string> = new Set(),
): string {
  const curl = `curl -N ${url ?? 'https://<your-gateway>'}`;
  const authorization = `-H 'Authorization: Bearer ${token}'`;
  const allowed = (limits.chat_completions?.allowedModels ?? []).filter((model) => !unknown.has(model));
  for (const [provider, path, usual] of routes) {
    const qualified = allowed.find((model) => model === '*' || model.startsWith(`${provider}/`));
    if (qualified === undefined) continue;
    const model = qualified === '*' ? usual : qualified.slice(provider.length + 1);
    const body = { model, max_tokens: 100, stream: true, messages: [{ role: 'user', content: 'Hello' }] };
    return `${curl}${path} ${authorization} -H 'X-Sourcegraph-Feature: chat_completions' -d '${JSON.stringify(body)}'`;
  }
  return `${curl}/v1/limits ${authorization}`;
}
