import { Agent, OpenAIProvider, Runner, setTracingDisabled, tool } from '@openai/agents';
import { z } from 'zod';
import { models, run, token, toolName, toolResult, toolText, url } from './harness.mjs';

setTracingDisabled(true);

function methods(useResponses) {
  const modelProvider = new OpenAIProvider({ apiKey: token, baseURL: `${url}/v1`, useResponses });
  const runner = new Runner({ modelProvider, tracingDisabled: true });
  const agentOf = (more) => new Agent({ name: 'matrix', instructions: 'Be short.', model: models.openai, ...more });
  return {
    text: async (prompt) => ({ text: (await runner.run(agentOf(), prompt)).finalOutput }),
    stream: async (prompt) => {
      const stream = await runner.run(agentOf(), prompt, { stream: true });
      await stream.completed;
      return { text: stream.finalOutput };
    },
    first: async (prompt) => {
      const stream = await runner.run(agentOf(), prompt, { stream: true });
      for await (const text of stream.toTextStream()) if (text) return { text };
    },
    tools: async (prompt) => {
      const calls = [];
      const execute = (input) => {
        calls.push(input);
        return toolResult;
      };
      const weather = tool({
        name: toolName,
        description: toolText,
        parameters: z.object({ city: z.string() }),
        execute,
      });
      const { finalOutput } = await runner.run(agentOf({ tools: [weather] }), prompt);
      return { calls, text: finalOutput };
    },
    structured: async (prompt) =>
      (await runner.run(agentOf({ outputType: z.object({ city: z.string(), celsius: z.number() }) }), prompt))
        .finalOutput,
  };
}

await run([
  { mode: 'responses', dialect: 'openai', ...methods(true) },
  { mode: 'chat_completions', dialect: 'openai', ...methods(false) },
]);
