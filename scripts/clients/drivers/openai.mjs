import OpenAI from 'openai';
import {
  image,
  models,
  run,
  structuredSchema,
  token,
  toolName,
  toolResult,
  toolSchema,
  toolText,
  url,
} from './harness.mjs';

const client = new OpenAI({ apiKey: token, baseURL: `${url}/v1`, maxRetries: 0 });
const model = models.openai;
const user = (content) => [{ role: 'user', content }];
const ask = (content, more) => client.chat.completions.create({ model, messages: user(content), ...more });
const respond = (input, more) => client.responses.create({ model, input, store: false, ...more });
const chatTools = [{ type: 'function', function: { name: toolName, description: toolText, parameters: toolSchema } }];
const tools = [{ type: 'function', name: toolName, description: toolText, parameters: toolSchema, strict: true }];
const format = { name: 'weather', schema: structuredSchema, strict: true };

await run([
  {
    mode: 'chat.completions',
    dialect: 'openai',
    text: async (prompt) => ({ text: (await ask(prompt)).choices[0].message.content }),
    stream: async (prompt) => ({
      text: await client.chat.completions.stream({ model, messages: user(prompt) }).finalContent(),
    }),
    first: async (prompt) => {
      const stream = await client.chat.completions.create({ model, messages: user(prompt), stream: true });
      for await (const { choices } of stream) if (choices[0]?.delta.content) return { text: choices[0].delta.content };
    },
    tools: async (prompt) => {
      const { message } = (await ask(prompt, { tools: chatTools })).choices[0];
      const results = message.tool_calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: toolResult }));
      const messages = [...user(prompt), message, ...results];
      const last = await client.chat.completions.stream({ model, messages, tools: chatTools }).finalContent();
      return { calls: message.tool_calls.map((call) => JSON.parse(call.function.arguments)), text: last };
    },
    image: async (prompt) => {
      const content = [
        { type: 'text', text: prompt },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } },
      ];
      return { text: (await ask(content)).choices[0].message.content };
    },
    structured: async (prompt) => {
      const response_format = { type: 'json_schema', json_schema: format };
      const parsed = await client.chat.completions.parse({ model, messages: user(prompt), response_format });
      return parsed.choices[0].message.parsed;
    },
  },
  {
    mode: 'responses',
    dialect: 'openai',
    text: async (prompt) => ({ text: (await respond(prompt)).output_text }),
    stream: async (prompt) => {
      const stream = client.responses.stream({ model, input: prompt, store: false });
      return { text: (await stream.finalResponse()).output_text };
    },
    first: async (prompt) => {
      const stream = await client.responses.create({ model, input: prompt, store: false, stream: true });
      for await (const { type, delta } of stream) if (type === 'response.output_text.delta') return { text: delta };
    },
    tools: async (prompt) => {
      const first = await client.responses.stream({ model, input: user(prompt), tools, store: false }).finalResponse();
      const calls = first.output.filter(({ type }) => type === 'function_call');
      const results = calls.map(({ call_id }) => ({ type: 'function_call_output', call_id, output: toolResult }));
      const last = await respond([...user(prompt), ...first.output, ...results], { tools });
      return { calls: calls.map((call) => JSON.parse(call.arguments)), text: last.output_text };
    },
    thinking: async (prompt) => {
      const { output, output_text: text } = await respond(prompt, { reasoning: { summary: 'auto' } });
      return { thinking: output.find(({ type }) => type === 'reasoning').summary[0].text, text };
    },
    image: async (prompt) => {
      const content = [
        { type: 'input_text', text: prompt },
        { type: 'input_image', image_url: `data:image/png;base64,${image}`, detail: 'auto' },
      ];
      return { text: (await respond(user(content))).output_text };
    },
    structured: async (prompt) => {
      const text = { format: { type: 'json_schema', ...format } };
      return (await client.responses.parse({ model, input: prompt, store: false, text })).output_parsed;
    },
  },
]);
