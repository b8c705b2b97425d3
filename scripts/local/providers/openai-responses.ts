// The stand-in's Responses API: events, thinking, tools and structured output in its shapes. It holds a request to
// what OpenAI holds it to where nothing is stored: no references, no thinking without its content, no tool's output
// without its call.

import { countWords, readRequest, textPieces, type Canned } from './provider-server.ts';

interface Item {
  type?: string;
  id?: string;
  role?: string;
  call_id?: string;
  content?: unknown;
  encrypted_content?: string | null;
}

interface Request {
  model?: string;
  stream?: boolean;
  store?: boolean;
  input?: string | Item[];
  include?: string[];
  tools?: { type: string; name?: string }[];
  text?: { format?: { type?: string } };
}

type Headers = Canned['headers'];
type Event = { readonly type: string } & Readonly<Record<string, unknown>>;

/** Its thinking begins so, and then with who made it; nobody else's can be read. */
const sealed = 'gAAAAAB-';
/** Who makes it, where nobody says. */
const localMaker = 'local';
const thinks = /^(o\d|gpt-5|codex)/;

/** @param headers of every answer. @param maker of the thinking that it can read, and makes */
export function respondToResponses(body: string, chunks: number, headers: Headers, maker = localMaker): Canned {
  const request: Request | null = readRequest(body);
  const seal = `${sealed}${maker}-`;
  const fault = request === null ? 'We could not parse the JSON body of your request.' : faultOf(request, seal);
  if (request === null || fault !== null) {
    const code = fault?.startsWith('The encrypted content') === true ? 'invalid_encrypted_content' : null;
    const error = { message: fault, type: 'invalid_request_error', param: null, code };
    return canned(400, headers, 'application/json', [JSON.stringify({ error })]);
  }
  const items = typeof request.input === 'string' ? [] : (request.input ?? []);
  // One call a turn: an output at the end is answered in words.
  const tool = items.at(-1)?.type?.endsWith('_output') === true ? undefined : request.tools?.find(isCallable);
  const output = [...thinking(request, seal), tool === undefined ? said(request, chunks) : called(tool, items.length)];
  const input = countWords(JSON.stringify(request.input));
  const reasoning = output.length === 1 ? 0 : 5;
  const whole = {
    ...outline(request),
    status: 'completed',
    output,
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: chunks + reasoning,
      output_tokens_details: { reasoning_tokens: reasoning },
      total_tokens: input + chunks + reasoning,
    },
  };
  if (request.stream !== true) return canned(200, headers, 'application/json', [JSON.stringify(whole)]);
  const started = { ...outline(request), status: 'in_progress', output: [], usage: null };
  const events: Event[] = [
    { type: 'response.created', response: started },
    { type: 'response.in_progress', response: started },
    ...output.flatMap((item, index) => eventsOf(item, index, chunks)),
    { type: 'response.completed', response: whole },
  ];
  const texts = events.map(
    (event, i) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: i })}\n\n`,
  );
  return canned(200, headers, 'text/event-stream; charset=utf-8', texts);
}

function canned(status: number, headers: Headers, type: string, texts: readonly string[]): Canned {
  return { status, headers: { ...headers, 'content-type': type }, pieces: texts.map((text) => Buffer.from(text)) };
}

function isCallable({ type }: { type: string }): boolean {
  return type === 'function' || type === 'custom';
}

function faultOf({ model = '', store, input, include = [] }: Request, seal: string): string | null {
  if (input === undefined) return "Missing required parameter: 'input'.";
  if (include.includes('reasoning.encrypted_content') && !thinks.test(model))
    return 'Encrypted content is not supported with this model.';
  if (typeof input === 'string' || store !== false) return null;
  const calls = new Set(input.filter(({ type }) => type?.endsWith('_call')).map(({ call_id: id }) => id));
  let thought: string | null = null;
  for (const { type, id = '', call_id: callId, encrypted_content: content } of input) {
    if (type === 'item_reference' || (type === 'reasoning' && (content ?? '') === ''))
      return `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false.`;
    if (type === 'reasoning' && content?.startsWith(seal) !== true)
      return `The encrypted content for item ${id} could not be verified.`;
    if (type?.endsWith('_call_output') === true && !calls.has(callId))
      return `No tool call found for function call output with call_id ${callId ?? ''}.`;
    if (type === 'function_call' && id !== '' && thinks.test(model) && thought === null)
      return `Item '${id}' of type 'function_call' was provided without its required 'reasoning' item.`;
    thought = type === 'reasoning' ? id : thought;
  }
  return null;
}

function outline({ model, tools = [], store = true }: Request): Record<string, unknown> {
  return {
    id: 'resp_local',
    object: 'response',
    created_at: 1_700_000_000,
    model: `${model}-2025-08-07`,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    parallel_tool_calls: true,
    tool_choice: 'auto',
    tools,
    store,
    temperature: 1,
    top_p: 1,
  };
}

function thinking({ model = '', include = [] }: Request, seal: string): Event[] {
  if (!thinks.test(model)) return [];
  const content = include.includes('reasoning.encrypted_content') ? { encrypted_content: `${seal}${model}` } : {};
  return [{ type: 'reasoning', id: 'rs_local', summary: [], ...content }];
}

function called({ type, name }: { type: string; name?: string }, turn: number): Event {
  const [id, input] = [`call_${turn}`, '{"city":"Zürich"}'];
  return type === 'custom'
    ? { type: 'custom_tool_call', id: `ctc_${turn}`, call_id: id, name, input, status: 'completed' }
    : { type: 'function_call', id: `fc_${turn}`, call_id: id, name, arguments: input, status: 'completed' };
}

function said({ text }: Request, chunks: number): Event {
  const words = text?.format?.type === 'json_schema' ? '{"city":"Zürich"}' : textPieces(chunks).join('');
  const content = [{ type: 'output_text', text: words, annotations: [], logprobs: [] }];
  return { type: 'message', id: 'msg_local', role: 'assistant', status: 'completed', content };
}

function eventsOf(item: Event, output_index: number, chunks: number): Event[] {
  const at = { output_index, item_id: item['id'] };
  const [added, done] = ['response.output_item.added', 'response.output_item.done'];
  const around = (open: Event, ...within: Event[]): Event[] => [
    { type: added, output_index, item: { ...open, status: 'in_progress' } },
    ...within,
    { type: done, output_index, item },
  ];
  if (item.type === 'reasoning') return around(item);
  if (item.type === 'message') {
    const [part] = item['content'] as { text: string }[];
    const text = part?.text ?? '';
    const pieces = text.startsWith('{') ? [text] : textPieces(chunks);
    const where = { ...at, content_index: 0 };
    return around(
      { ...item, content: [] },
      { type: 'response.content_part.added', ...where, part: { ...part, text: '' } },
      ...pieces.map((delta) => ({ type: 'response.output_text.delta', ...where, delta, logprobs: [] })),
      { type: 'response.output_text.done', ...where, text, logprobs: [] },
      { type: 'response.content_part.done', ...where, part },
    );
  }
  const member = item.type === 'function_call' ? 'arguments' : 'input';
  const begin = item.type === 'function_call' ? 'response.function_call_arguments' : 'response.custom_tool_call_input';
  return around(
    { ...item, [member]: '' },
    { type: `${begin}.delta`, ...at, delta: item[member] },
    { type: `${begin}.done`, ...at, [member]: item[member], ...(member === 'arguments' && { name: item['name'] }) },
  );
}
