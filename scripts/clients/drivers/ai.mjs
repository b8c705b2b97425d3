import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, isStepCount, jsonSchema, Output, stepCountIs, streamText, tool } from 'ai';
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

const openai = createOpenAI({ apiKey: token, baseURL: `${url}/v1` });
const compatible = createOpenAICompatible({ name: 'gateway', apiKey: token, baseURL: `${url}/v1`, includeUsage: true });
const anthropic = createAnthropic({ apiKey: token, baseURL: `${url}/v1` });
const google = createGoogleGenerativeAI({ apiKey: token, baseURL: `${url}/v1beta` });
const twoSteps = (isStepCount ?? stepCountIs)(2);

function methods(model, thinkingOptions) {
  const ask = (more) => generateText({ model, maxRetries: 0, ...more });
  const stream = async (more) => {
    const errors = [];
    const result = streamText({ model, maxRetries: 0, onError: ({ error }) => errors.push(error), ...more });
    let text = '';
    for await (const part of result.textStream) text += part;
    if (errors.length > 0) throw errors[0];
    return { result, text };
  };
  return {
    text: async (prompt) => ({ text: (await ask({ prompt })).text }),
    stream: async (prompt) => ({ text: (await stream({ prompt })).text }),
    first: async (prompt) => {
      for await (const text of streamText({ model, maxRetries: 0, prompt }).textStream) if (text) return { text };
    },
    tools: async (prompt) => {
      const calls = [];
      const execute = (input) => {
        calls.push(input);
        return toolResult;
      };
      const tools = { [toolName]: tool({ description: toolText, inputSchema: jsonSchema(toolSchema), execute }) };
      const { text } = await stream({ prompt, tools, stopWhen: twoSteps });
      return { calls, text };
    },
    ...(thinkingOptions !== undefined && {
      thinking: async (prompt) => {
        const { reasoningText: thinking, text } = await ask({ prompt, providerOptions: thinkingOptions });
        return { thinking, text };
      },
    }),
    image: async (prompt) => {
      const file = { type: 'file', data: Buffer.from(image, 'base64'), mediaType: 'image/png' };
      return {
        text: (await ask({ messages: [{ role: 'user', content: [{ type: 'text', text: prompt }, file] }] })).text,
      };
    },
    structured: async (prompt) =>
      (await ask({ prompt, output: Output.object({ schema: jsonSchema(structuredSchema) }) })).output,
  };
}

await run([
  { mode: 'openai-compatible', dialect: 'openai', ...methods(compatible(models.openai)) },
  { mode: 'openai.chat', dialect: 'openai', ...methods(openai.chat(models.openai)) },
  {
    mode: 'openai (responses)',
    dialect: 'openai',
    ...methods(openai(models.openai), { openai: { reasoningSummary: 'auto' } }),
  },
  {
    mode: 'anthropic',
    dialect: 'anthropic',
    ...methods(anthropic(models.anthropic), { anthropic: { thinking: { type: 'enabled', budgetTokens: 10_000 } } }),
  },
  {
    mode: 'google',
    dialect: 'google',
    ...methods(google(models.google), { google: { thinkingConfig: { includeThoughts: true } } }),
  },
]);
