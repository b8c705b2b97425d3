import Anthropic from '@anthropic-ai/sdk';
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

const client = new Anthropic({ apiKey: token, baseURL: url, maxRetries: 0 });
// What clients of today ask for: more than many of them write.
const more = { model: models.anthropic, max_tokens: 32_000 };
const user = (content) => [{ role: 'user', content }];
const ask = (content, rest) => client.messages.stream({ ...more, messages: user(content), ...rest }).finalMessage();
const textOf = ({ content }) => content.find(({ type }) => type === 'text').text;
const tools = [{ name: toolName, description: toolText, input_schema: toolSchema }];

await run([
  {
    mode: 'messages',
    dialect: 'anthropic',
    text: async (prompt) => ({
      text: textOf(await client.messages.create({ ...more, max_tokens: 8_192, messages: user(prompt) })),
    }),
    stream: async (prompt) => ({ text: textOf(await ask(prompt)) }),
    first: async (prompt) => {
      for await (const { type, delta } of await client.messages.create({
        ...more,
        messages: user(prompt),
        stream: true,
      }))
        if (type === 'content_block_delta') return { text: delta.text };
    },
    tools: async (prompt) => {
      const first = await ask(prompt, { tools });
      const calls = first.content.filter(({ type }) => type === 'tool_use');
      const results = calls.map(({ id }) => ({ type: 'tool_result', tool_use_id: id, content: toolResult }));
      const messages = [...user(prompt), { role: 'assistant', content: first.content }, ...user(results)];
      const last = await client.messages.create({ ...more, max_tokens: 8_192, messages, tools });
      return { calls: calls.map(({ input }) => input), text: textOf(last) };
    },
    thinking: async (prompt) => {
      const answer = await ask(prompt, { thinking: { type: 'enabled', budget_tokens: 10_000 } });
      return { thinking: answer.content[0].thinking, text: textOf(answer) };
    },
    image: async (prompt) => {
      const source = { type: 'base64', media_type: 'image/png', data: image };
      return {
        text: textOf(
          await ask([
            { type: 'text', text: prompt },
            { type: 'image', source },
          ]),
        ),
      };
    },
    structured: async (prompt) => {
      const output_config = { format: { type: 'json_schema', schema: structuredSchema } };
      return JSON.parse(textOf(await ask(prompt, { output_config })));
    },
  },
]);
