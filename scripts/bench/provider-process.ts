// The benchmark's provider, in a process of its own: OpenAI's stand-in at two paces. Says its addresses over IPC.

import { startOpenAi } from '../local/providers/openai.ts';

/** Key of the benchmark's providers. */
export const benchKey = 'bench-key';
/** A provider that thinks for 20 ms, and one that streams 64 pieces 20 ms apart. */
export const answerDelayMs = 20;
export const streamChunks = 64;
export const chunkDelayMs = 20;

if (import.meta.main) {
  const [answers, streams] = await Promise.all([
    startOpenAi({ apiKey: benchKey, delayMs: answerDelayMs }),
    startOpenAi({ apiKey: benchKey, chunks: streamChunks, chunkDelayMs }),
  ]);
  process.send?.({ answers: answers.url, streams: streams.url });
}
