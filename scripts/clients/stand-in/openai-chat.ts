// A scene's answer as OpenAI's chat completions say it, whole and streamed.

import type { Answer } from './scene.ts';

const base = { id: 'chatcmpl-matrix', created: 1_790_000_000, system_fingerprint: 'fp_matrix' };
const usage = {
  prompt_tokens: 20,
  completion_tokens: 9,
  total_tokens: 29,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 3 },
};

export function wholeChat({ text, calls = [], cites, refusal }: Answer, model: string): object {
  const message = {
    role: 'assistant',
    content: text ?? null,
    refusal: refusal ?? null,
    annotations: annotations(text, cites),
    ...(calls.length > 0 && { tool_calls: toolCalls(calls) }),
  };
  const choice = { index: 0, message, logprobs: null, finish_reason: calls.length > 0 ? 'tool_calls' : 'stop' };
  return { ...base, object: 'chat.completion', model, choices: [choice], usage, service_tier: 'default' };
}

/** @param withUsage whether `stream_options` asked for it */
export function chatEvents({ text, calls = [], cites, refusal }: Answer, model: string, withUsage: boolean): string[] {
  const chunk = (delta: object, finish: string | null = null): string =>
    data({
      ...base,
      object: 'chat.completion.chunk',
      model,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(withUsage && { usage: null }),
    });
  const deltas = [
    ...pieces(text).map((content) => ({ content })),
    ...pieces(refusal).map((part) => ({ refusal: part })),
    ...(cites === undefined ? [] : [{ annotations: annotations(text, cites) }]),
    ...toolCalls(calls).flatMap(({ function: { name, arguments: args }, ...call }, index) => [
      { tool_calls: [{ index, ...call, function: { name, arguments: '' } }] },
      ...pieces(args).map((part) => ({ tool_calls: [{ index, function: { arguments: part } }] })),
    ]),
  ];
  return [
    chunk({ role: 'assistant', content: text === undefined ? null : '', refusal: null }),
    ...deltas.map((delta) => chunk(delta)),
    chunk({}, calls.length > 0 ? 'tool_calls' : 'stop'),
    ...(withUsage ? [data({ ...base, object: 'chat.completion.chunk', model, choices: [], usage })] : []),
    'data: [DONE]\n\n',
  ];
}

function annotations(text = '', cites: Answer['cites']): object[] {
  if (cites === undefined) return [];
  return [{ type: 'url_citation', url_citation: { start_index: 0, end_index: text.length, ...cites } }];
}

/** A text in pieces of a few characters, as models write. */
export function pieces(text = ''): string[] {
  return text.match(/.{1,6}/gsu) ?? [];
}

function toolCalls(
  calls: Answer['calls'] = [],
): { id: string; type: string; function: { name: string; arguments: string } }[] {
  return calls.map(({ name, args }, i) => ({
    id: `call_matrix${i}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  }));
}

function data(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
