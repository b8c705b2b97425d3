// A scene's answer as OpenAI's Responses API says it, whole and streamed.

import { pieces } from './openai-chat.ts';
import type { Answer } from './scene.ts';

interface Part {
  readonly text: string;
  readonly refusal?: string;
  readonly annotations?: readonly object[];
}

type Item = Record<string, unknown> & { id: string; type: string };

const usage = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 4 },
  output_tokens: 9,
  output_tokens_details: { reasoning_tokens: 3 },
  total_tokens: 29,
};

export function wholeResponse(answer: Answer, model: string): object {
  return response(model, 'completed', itemsOf(answer));
}

export function responseEvents(answer: Answer, model: string): string[] {
  let sequence = 0;
  const event = (type: string, more: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...more })}\n\n`;
  const items = itemsOf(answer);
  const started = response(model, 'in_progress', []);
  return [
    event('response.created', { response: started }),
    event('response.in_progress', { response: started }),
    ...items.flatMap((item, index) => itemEvents(item, index, event)),
    event('response.completed', { response: response(model, 'completed', items) }),
  ];
}

function itemEvents(item: Item, output_index: number, event: (type: string, more: object) => string): string[] {
  const at = { item_id: item.id, output_index };
  const around = (empty: object, inner: string[]): string[] => [
    event('response.output_item.added', { output_index, item: { ...item, ...empty } }),
    ...inner,
    event('response.output_item.done', { output_index, item }),
  ];
  if (item.type === 'function_call') {
    const args = String(item['arguments']);
    return around({ arguments: '', status: 'in_progress' }, [
      ...pieces(args).map((delta) => event('response.function_call_arguments.delta', { ...at, delta })),
      event('response.function_call_arguments.done', { ...at, arguments: args, name: item['name'] }),
    ]);
  }
  const name = item.type === 'reasoning' ? 'summary' : 'content';
  const parts = item[name] as Part[];
  const [partName, textName] =
    item.type === 'reasoning' ? ['reasoning_summary_part', 'reasoning_summary_text'] : ['content_part', 'output_text'];
  return around(
    { [name]: [], ...(item.type === 'message' && { status: 'in_progress' }) },
    parts.flatMap((part, index) => {
      const here = { ...at, [`${name}_index`]: index };
      if (part.refusal !== undefined)
        return [
          event('response.content_part.added', { ...here, part: { ...part, refusal: '' } }),
          ...pieces(part.refusal).map((delta) => event('response.refusal.delta', { ...here, delta })),
          event('response.refusal.done', { ...here, refusal: part.refusal }),
          event('response.content_part.done', { ...here, part }),
        ];
      return [
        event(`response.${partName}.added`, {
          ...here,
          part: { ...part, text: '', ...(part.annotations !== undefined && { annotations: [] }) },
        }),
        ...pieces(part.text).map((delta) => event(`response.${textName}.delta`, { ...here, delta, logprobs: [] })),
        ...(part.annotations ?? []).map((annotation, annotation_index) =>
          event('response.output_text.annotation.added', { ...here, annotation_index, annotation }),
        ),
        event(`response.${textName}.done`, { ...here, text: part.text, logprobs: [] }),
        event(`response.${partName}.done`, { ...here, part }),
      ];
    }),
  );
}

function itemsOf({ thinking, text, calls = [], cites, refusal }: Answer): Item[] {
  const items: Item[] = calls.map(({ name, args }, i) => ({
    id: `fc_matrix${i}`,
    type: 'function_call',
    status: 'completed',
    call_id: `call_matrix${i}`,
    name,
    arguments: JSON.stringify(args),
  }));
  const part = text === undefined ? { type: 'refusal', refusal } : { type: 'output_text', text, ...marks(text, cites) };
  if (text !== undefined || refusal !== undefined)
    items.unshift({ id: 'msg_matrix', type: 'message', status: 'completed', role: 'assistant', content: [part] });
  if (thinking !== undefined)
    items.unshift({
      id: 'rs_matrix',
      type: 'reasoning',
      summary: [{ type: 'summary_text', text: thinking }],
      encrypted_content: 'bWF0cml4',
    });
  return items;
}

function marks(text: string, cites: Answer['cites']): object {
  const annotations =
    cites === undefined ? [] : [{ type: 'url_citation', start_index: 0, end_index: text.length, ...cites }];
  return { annotations, logprobs: [] };
}

function response(model: string, status: string, output: readonly Item[]): object {
  return {
    id: 'resp_matrix',
    object: 'response',
    created_at: 1_790_000_000,
    status,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model,
    output,
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    store: false,
    usage: status === 'completed' ? usage : null,
  };
}
