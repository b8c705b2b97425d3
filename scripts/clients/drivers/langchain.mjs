import { ChatAnthropic } from '@langchain/anthropic';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
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

const tools = [{ type: 'function', function: { name: toolName, description: toolText, parameters: toolSchema } }];

function methods(model) {
  const ask = async (content) => ({ text: (await model.invoke([new HumanMessage({ content })])).text });
  return {
    text: ask,
    stream: async (prompt) => {
      let text = '';
      for await (const chunk of await model.stream(prompt)) text += chunk.text;
      return { text };
    },
    first: async (prompt) => {
      // Leaving a loop over its stream would wait for the next piece.
      const chunks = (await model.stream(prompt))[Symbol.asyncIterator]();
      for (;;) {
        const { value, done } = await chunks.next();
        if (done || value.text) return { text: value?.text };
      }
    },
    tools: async (prompt) => {
      const bound = model.bindTools(tools);
      const user = new HumanMessage(prompt);
      let first;
      for await (const chunk of await bound.stream([user])) first = first === undefined ? chunk : first.concat(chunk);
      const results = first.tool_calls.map(({ id }) => new ToolMessage({ tool_call_id: id, content: toolResult }));
      return {
        calls: first.tool_calls.map(({ args }) => args),
        text: (await bound.invoke([user, first, ...results])).text,
      };
    },
    image: (prompt) =>
      ask([
        { type: 'text', text: prompt },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } },
      ]),
    structured: (prompt) => model.withStructuredOutput({ title: 'weather', ...structuredSchema }).invoke(prompt),
  };
}

const openai = { model: models.openai, apiKey: token, maxRetries: 0, configuration: { baseURL: `${url}/v1` } };
const anthropic = { model: models.anthropic, apiKey: token, maxRetries: 0, anthropicApiUrl: url };
const thinker = new ChatAnthropic({
  ...anthropic,
  maxTokens: 16_000,
  thinking: { type: 'enabled', budget_tokens: 10_000 },
});

await run([
  { mode: 'ChatOpenAI', dialect: 'openai', ...methods(new ChatOpenAI(openai)) },
  {
    mode: 'ChatOpenAI, useResponsesApi',
    dialect: 'openai',
    ...methods(new ChatOpenAI({ ...openai, useResponsesApi: true, zdrEnabled: true })),
  },
  {
    mode: 'ChatAnthropic',
    dialect: 'anthropic',
    ...methods(new ChatAnthropic(anthropic)),
    thinking: async (prompt) => {
      const answer = await thinker.invoke(prompt);
      return { thinking: answer.content.find(({ type }) => type === 'thinking').thinking, text: answer.text };
    },
  },
]);
