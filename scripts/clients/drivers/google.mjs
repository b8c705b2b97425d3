import { GoogleGenAI } from '@google/genai';
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

const model = models.google;
const user = (...parts) => ({ role: 'user', parts });
const config = {
  tools: [{ functionDeclarations: [{ name: toolName, description: toolText, parametersJsonSchema: toolSchema }] }],
};

function methods(httpOptions) {
  const client = new GoogleGenAI({ apiKey: token, httpOptions: { baseUrl: url, ...httpOptions } });
  const ask = (contents, config) => client.models.generateContent({ model, contents, config });
  return {
    text: async (prompt) => ({ text: (await ask(prompt)).text }),
    stream: async (prompt) => {
      let text = '';
      let finish;
      for await (const part of await client.models.generateContentStream({ model, contents: prompt })) {
        text += part.text ?? '';
        finish ??= part.candidates?.[0]?.finishReason;
      }
      // This SDK leaves it to its caller to see that an answer is whole.
      if (finish === undefined) throw new Error('no finish reason');
      return { text };
    },
    first: async (prompt) => {
      for await (const { text } of await client.models.generateContentStream({ model, contents: prompt }))
        if (text) return { text };
    },
    tools: async (prompt) => {
      const first = await ask(prompt, config);
      const responses = first.functionCalls.map(({ name }) => ({
        functionResponse: { name, response: { toolResult } },
      }));
      const last = await ask([user({ text: prompt }), first.candidates[0].content, user(...responses)], config);
      return { calls: first.functionCalls.map(({ args }) => args), text: last.text };
    },
    thinking: async (prompt) => {
      const answer = await ask(prompt, { thinkingConfig: { includeThoughts: true } });
      return { thinking: answer.candidates[0].content.parts[0].text, text: answer.text };
    },
    image: async (prompt) => ({
      text: (await ask(user({ text: prompt }, { inlineData: { mimeType: 'image/png', data: image } }))).text,
    }),
    structured: async (prompt) =>
      JSON.parse(
        (await ask(prompt, { responseMimeType: 'application/json', responseJsonSchema: structuredSchema })).text,
      ),
  };
}

await run([
  { mode: 'generateContent', dialect: 'google', ...methods({}) },
  { mode: 'generateContent, v1beta', dialect: 'google', ...methods({ apiVersion: 'v1beta' }) },
]);
