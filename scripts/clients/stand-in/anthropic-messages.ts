// A scene's answer as Anthropic's Messages API says it, whole and streamed.

import { pieces } from './openai-chat.ts';
import type { Answer } from './scene.ts';

type Block = Record<string, unknown> & { type: string };

const input = { input_tokens: 20, cache_creation_input_tokens: 0, cache_read_input_tokens: 4 };
const signature = 'bWF0cml4LXNpZ25hdHVyZQ==';

export function wholeMessage(answer: Answer, model: string): object {
  return message(model, blocksOf(answer), stopOf(answer), 9);
}

export function messageEvents(answer: Answer, model: string): string[] {
  return [
    event('message_start', { message: message(model, [], null, 1) }),
    event('ping', {}),
    ...blocksOf(answer).flatMap((block, index) => [
      event('content_block_start', { index, content_block: opening(block) }),
      ...deltasOf(block).map((delta) => event('content_block_delta', { index, delta })),
      event('content_block_stop', { index }),
    ]),
    event('message_delta', {
      delta: { stop_reason: stopOf(answer), stop_sequence: null },
      usage: { ...input, output_tokens: 9 },
    }),
    event('message_stop', {}),
  ];
}

function opening(block: Block): object {
  if (block.type === 'tool_use') return { ...block, input: {} };
  if (block.type === 'text' && block['citations'] !== undefined) return { ...block, text: '', citations: [] };
  return block.type === 'thinking' ? { ...block, thinking: '', signature: '' } : { ...block, text: '' };
}

function deltasOf(block: Block): object[] {
  if (block.type === 'tool_use')
    return ['', ...pieces(JSON.stringify(block['input']))].map((partial_json) => ({
      type: 'input_json_delta',
      partial_json,
    }));
  if (block.type === 'thinking')
    return [
      ...pieces(String(block['thinking'])).map((thinking) => ({ type: 'thinking_delta', thinking })),
      { type: 'signature_delta', signature },
    ];
  const citations = (block['citations'] ?? []) as readonly object[];
  return [
    ...citations.map((citation) => ({ type: 'citations_delta', citation })),
    ...pieces(String(block['text'])).map((text) => ({ type: 'text_delta', text })),
  ];
}

function blocksOf({ thinking, text, calls = [], cites }: Answer): Block[] {
  return [
    ...(thinking === undefined ? [] : [{ type: 'thinking', thinking, signature }]),
    ...(text === undefined
      ? []
      : [{ type: 'text', text, ...(cites !== undefined && { citations: [citation(text, cites)] }) }]),
    ...calls.map(({ name, args }, i) => ({ type: 'tool_use', id: `toolu_matrix${i}`, name, input: args })),
  ];
}

function citation(cited_text: string, { title, url }: NonNullable<Answer['cites']>): object {
  return { type: 'web_search_result_location', cited_text, title, url, encrypted_index: 'bWF0cml4' };
}

function stopOf({ calls = [], refusal }: Answer): string {
  if (refusal !== undefined) return 'refusal';
  return calls.length > 0 ? 'tool_use' : 'end_turn';
}

function message(model: string, content: readonly Block[], stop_reason: string | null, output_tokens: number): object {
  const usage = { ...input, output_tokens };
  return {
    id: 'msg_matrix',
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason,
    stop_sequence: null,
    usage,
  };
}

function event(type: string, more: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
}
