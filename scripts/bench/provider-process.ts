// The benchmark's provider, in a process of its own: OpenAI's stand-in at two paces. Says its addresses over IPC.

import { startOpenAi } from '../local/providers/openai.ts';

/** Key of the benchmark's providers. */
export const benchKey = 'bench-key';
/** A provider that thinks for 20 ms, and one that streams 64 pieces 20 ms apart. */
export const answerDelayMs = 20;
export const streamChunks = 64;
export const chunkDelayMs = 20;

/** Its paces: `answers` thinks and answers whole, `streams` sends piece by piece, `at once` does not wait. */
export type ProviderPace = 'answers' | 'streams' | 'at once';

if (import.meta.main) {
  const [answers, streams, atOnce] = await Promise.all([
    startOpenAi({ apiKey: benchKey, delayMs: answerDelayMs }),
    startOpenAi({ apiKey: benchKey, chunks: streamChunks, chunkDelayMs }),
    startOpenAi({ apiKey: benchKey, chunks: streamChunks }),
  ]);
  process.send?.({ urls: { answers: answers.url, streams: streams.url, 'at once': atOnce.url } });
}
