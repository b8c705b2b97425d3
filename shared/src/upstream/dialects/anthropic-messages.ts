// Anthropic's Messages API: what we change in a request, how it is sent, how its answers tell their usage.

import type { ProviderRow } from '../../catalogue/catalogue.ts';
import type { SseEvent } from '../../http/http.ts';
import { createJsonBody, jsonObject, memberOf, tokenCount } from '../answer-json.ts';
import type { ApiDialect, ReadingRules } from '../api-dialect.ts';
import type { CallerFacts, JsonObject, Meter, Reading, Usage } from '../call.ts';
import { actorName } from '../actor-name.ts';
import { guard } from '../guard.ts';
import { dropNegativeSampling } from '../provider-rules.ts';
import { bodyOf, withModel } from '../outgoing-body.ts';
import {
  charactersOf,
  codePoints,
  integerOf,
  isObject,
  messagesOf,
  modelOf,
  streamOf,
  textsOf,
  withoutMembers,
  type Message,
} from '../request-body.ts';
import { secondNames } from '../second-models.ts';
import { anthropicUsage } from '../usage/anthropic-usage.ts';
import { mergeReports, wordOf } from '../usage/report.ts';
import { anthropicWritten } from '../usage/written.ts';

/** What the version is called in a body, for homes on Vertex AI, which take no header for it. */
const vertexVersion = 'vertex-2023-10-16';

export const anthropicMessages: ApiDialect = {
  api: 'anthropic',
  sdk: 'anthropic',
  read: (body, rules) => readMessages(body, rules, true),
  // Newer versions take the key as the SDK sends it.
  keyHeaders: ({ headers }, key) =>
    headers['anthropic-version'] === codyVersion ? { 'x-api-key': key, authorization: null } : {},
  body: (reading, model, home) => {
    if (home.row.kind !== 'google') return withModel(reading, model);
    const { body } = reading;
    return [body.slice(0, -1), `${body === '{}' ? '' : ','}"anthropic_version":"${vertexVersion}"}`];
  },
  meter: (_reading, _provider, model) => createMeter(model),
};

/** @param tells whether the provider is told who asks */
export function readMessages(body: JsonObject, { caller, provider, lengthMax }: ReadingRules, tells: boolean): Reading {
  const stream = streamOf(body);
  const messages = messagesOf(body, 'request body must contain "messages" field');
  const maxTokens = integerOf(body, 'max_tokens');
  const warnings: string[] = [];
  const tell = (words: string): void => void warnings.push(words);
  const { members, promptCharacters } = liftSystem(
    guard(body, 'anthropic', { lengthMax, drops: provider.drops, tell }),
    messages,
    caller.dialect === 'cody',
  );
  // Direct Cody clients send -1 for "not set"; zeros are values.
  dropNegativeSampling(members);
  if (tells) tellActor(members, body, caller, provider, tell);
  modelOf(body);
  return {
    stream,
    eventExtras: { stream, max_tokens: maxTokens ?? 0 },
    promptCharacters,
    ...bodyOf(members, 'anthropic', caller.bodyBytes),
    headers: versionHeaders(caller),
    hidesUsage: false,
    ...(caller.dialect !== 'cody' && { warnings }),
    secondNames: secondNames(members, 'anthropic', provider.toolModels),
  };
}

/** `metadata.user_id` is ours; a provider that does not take it is told of no user at all. */
export function tellActor(
  members: JsonObject,
  body: JsonObject,
  caller: CallerFacts,
  provider: ProviderRow,
  tell: (words: string) => void = () => undefined,
): void {
  const metadata = isObject(body['metadata']) ? body['metadata'] : null;
  const own = metadata?.['user_id'] ?? null;
  const told = provider.rules.includes('user-is-actor');
  if (told) members['metadata'] = { ...metadata, user_id: actorName(caller, own) };
  else if (metadata !== null) members['metadata'] = withoutMembers(metadata, 'user_id');
  if (own !== null) tell(`metadata.user_id: ${told ? 'the name that the gateway has for you in front' : 'left out'}`);
}

/** The version whose shapes Cody reads; its key goes into `x-api-key`. */
const codyVersion = '2023-06-01';

/** An Anthropic SDK names the API version and the betas whose shapes it reads: they pass. */
function versionHeaders({ dialect, headers }: CallerFacts): Record<string, string | null> {
  const asked = dialect === 'anthropic' ? headers['anthropic-version'] : undefined;
  const version = typeof asked === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(asked) ? asked : codyVersion;
  const beta = dialect === 'anthropic' ? headers['anthropic-beta'] : undefined;
  return {
    // The SDKs send a text unchanged only where its type is named.
    'content-type': 'application/json',
    'anthropic-version': version,
    ...(typeof beta === 'string' && { 'anthropic-beta': beta }),
  };
}

/**
 * Instances send the system prompt as first message, which Anthropic refuses: it becomes the `system` member and wins
 * over one that is there. An SDK's caller has that member itself: its first message becomes it only where there is
 * none, and where it is nothing but a prompt.
 */
function liftSystem(
  members: JsonObject,
  messages: readonly Message[],
  forInstances: boolean,
): { members: JsonObject; promptCharacters: number } {
  const [first, ...rest] = messages;
  const lifted = first?.role === 'system' && (forInstances || isPromptAlone(members, first));
  if (lifted) {
    members['messages'] = rest;
    const system = systemOf(first.content);
    if (system === null) delete members['system'];
    else members['system'] = system;
  }
  const texts = [members['system'], ...(lifted ? rest : messages).map(({ content }) => content)].flatMap(textsOf);
  return { members, promptCharacters: charactersOf(texts) };
}

function isPromptAlone({ system }: JsonObject, message: Message): boolean {
  return (
    (system ?? null) === null &&
    systemOf(message.content) !== null &&
    Object.keys(message).every((member) => member === 'role' || member === 'content')
  );
}

/**
 * One block of nothing but text, which is what instances send, becomes that text
 * (shared/COMPATIBILITY.md#request-bodies). Of several blocks the original gateway keeps the first; they pass as they
 * are, cache marks included, since Anthropic takes them there. Null where there is no text.
 */
function systemOf(content: unknown): unknown {
  const texts = textsOf(content);
  if (texts.every((text) => text === '')) return null;
  if (!Array.isArray(content) || content.length > 1) return content;
  const marked = Object.keys(content[0] as object).some((member) => member !== 'type' && member !== 'text');
  return marked ? content : texts[0];
}

/**
 * Usage comes in two halves: input with `message_start`, output with the last `message_delta`; `message_stop` is the
 * end mark.
 */
/** @param asked the model's name at the provider */
function createMeter(asked: string): Meter {
  let usage: JsonObject = {};
  let answered: string | null = null;
  let characters: number | null = null;
  let written = 0;
  let finished = false;
  let failed = false;
  const body = createJsonBody();
  const add = (text: unknown): void => {
    if (typeof text === 'string') characters = (characters ?? 0) + codePoints(text);
  };
  const read = (data: JsonObject): void => {
    switch (data['type']) {
      case 'message_start':
        // Its output_tokens are those of an answer that has hardly begun: of a stream that breaks off they are unknown.
        usage = withoutMembers(memberOf(memberOf(data, 'message'), 'usage'), 'output_tokens');
        answered = wordOf(memberOf(data, 'message')['model']);
        add('');
        return;
      case 'content_block_start':
        add(memberOf(data, 'content_block')['text']);
        written += anthropicWritten(memberOf(data, 'content_block'));
        return;
      case 'content_block_delta':
        add(memberOf(data, 'delta')['text']);
        written += anthropicWritten(memberOf(data, 'delta'));
        return;
      case 'message_delta':
        // Cumulative; what it leaves out keeps its value.
        usage = mergeReports(usage, memberOf(data, 'usage'));
        // The stop reason is the last thing before the end mark, which some servers leave out.
        if (typeof memberOf(data, 'delta')['stop_reason'] === 'string') finished = true;
        return;
      case 'message_stop':
        finished = true;
        return;
      case 'error':
        failed = true;
    }
  };
  return {
    event: (event: SseEvent) => {
      const data = jsonObject(event.data);
      if (data !== null) read(data);
      return true;
    },
    body: (chunk) => body.take(chunk),
    finished: () => finished,
    failed: () => failed || isObject(body.value()?.['error']),
    usage: () => {
      const whole = body.value();
      return whole === null
        ? usageOf(usage, characters)
        : usageOf(memberOf(whole, 'usage'), charactersOf(answerTexts(whole)));
    },
    report: () => {
      const whole = body.value();
      return whole === null
        ? anthropicUsage(usage, asked, answered)
        : anthropicUsage(memberOf(whole, 'usage'), asked, wordOf(whole['model']));
    },
    written: () => {
      const content = body.value()?.['content'];
      const blocks = Array.isArray(content) ? content.filter(isObject) : [];
      return blocks.reduce((sum, block) => sum + anthropicWritten(block), written);
    },
  };
}

/** Text blocks that a reader sees; what the provider's own tools found is not among them. */
function answerTexts({ content }: JsonObject): string[] {
  return Array.isArray(content) ? textsOf(content.filter((block) => isObject(block) && block['type'] === 'text')) : [];
}

function usageOf(usage: JsonObject, completionCharacters: number | null): Usage {
  return {
    inputTokens: tokenCount(usage['input_tokens']),
    outputTokens: tokenCount(usage['output_tokens']),
    cacheReadTokens: tokenCount(usage['cache_read_input_tokens']),
    cacheWriteTokens: tokenCount(usage['cache_creation_input_tokens']),
    reasoningTokens: tokenCount(memberOf(usage, 'output_tokens_details')['thinking_tokens']),
    completionCharacters,
  };
}
