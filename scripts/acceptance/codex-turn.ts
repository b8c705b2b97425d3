// One turn of a conversation as Codex CLI holds it: nothing is stored, so the whole of it goes back each time, with
// the thinking that only its maker can read.

import type OpenAI from 'openai';

type Item = Record<string, unknown>;

/** What Codex CLI 0.171 sends with every turn. */
export const codex = {
  model: 'gpt-5.3-codex',
  instructions: 'You are Codex.',
  stream: true as const,
  store: false,
  include: ['reasoning.encrypted_content'],
  tools: [
    { type: 'function', name: 'shell', parameters: { type: 'object', properties: {} }, strict: false },
    { type: 'custom', name: 'apply_patch', description: 'Edits files.' },
    { type: 'tool_search', execution: 'client' },
    { type: 'web_search', external_web_access: false },
  ],
  tool_choice: 'auto',
  parallel_tool_calls: true,
  reasoning: { effort: 'medium', summary: 'auto' },
  prompt_cache_key: '0199-conversation',
  text: { verbosity: 'medium' },
  client_metadata: { 'x-codex-installation-id': 'none' },
};

/** What a conversation begins with. */
export function firstInput(): Item[] {
  return [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Mend the test.' }] }];
}

/**
 * Asks, and adds to `input` what was answered and what the client says to that.
 * @returns the answer's items, and its headers
 */
export async function codexTurn(client: OpenAI, input: Item[]): Promise<{ items: Item[]; headers: Headers }> {
  const { data, response } = await client.responses
    .create({ ...codex, input } as unknown as OpenAI.Responses.ResponseCreateParamsStreaming)
    .withResponse();
  const items: Item[] = [];
  for await (const event of data) if (event.type === 'response.output_item.done') items.push({ ...event.item });
  input.push(...items);
  for (const { type, call_id } of items)
    if (type === 'function_call') input.push({ type: 'function_call_output', call_id, output: 'ok' });
  if (items.at(-1)?.['type'] === 'message') input.push({ type: 'message', role: 'user', content: 'Go on.' });
  return { items, headers: response.headers };
}
