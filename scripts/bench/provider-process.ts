// What the gateway talks to in a benchmark, in a process of its own: OpenAI's stand-in at three paces, and an endpoint
// of OTLP that takes everything and reads nothing: reading a request's spans costs a quarter of what serving it does.
// Says its addresses over IPC, and takes how long its streams are.

import { createServer } from 'node:http';
import { startOpenAi } from '../local/providers/openai.ts';
import { listen } from '../local/process/port.ts';

/** Key of the benchmark's providers. */
export const benchKey = 'bench-key';
/** A provider that thinks for 20 ms, and one that streams 64 pieces 20 ms apart. */
export const answerDelayMs = 20;
export const streamChunks = 64;
export const chunkDelayMs = 20;

/** Its paces: `answers` thinks and answers whole, `streams` sends piece by piece, `at once` does not wait. */
export type ProviderPace = 'answers' | 'streams' | 'at once';

/** What it says first. */
export interface ProviderAddresses {
  readonly urls: Readonly<Record<ProviderPace, string>>;
  readonly otlpUrl: string;
}

/**
 * What it takes: the text chunks of what `streams` answers from now on, and the time between two. It says the same when
 * that is so.
 */
export interface StreamPace {
  readonly chunks: number;
  readonly chunkDelayMs: number;
}

if (import.meta.main) {
  const [answers, streams, atOnce] = await Promise.all([
    startOpenAi({ apiKey: benchKey, delayMs: answerDelayMs }),
    startOpenAi({ apiKey: benchKey, chunks: streamChunks, chunkDelayMs }),
    startOpenAi({ apiKey: benchKey, chunks: streamChunks }),
  ]);
  const otlp = createServer((request, response) => {
    request.resume();
    request.once('end', () => response.end());
  });
  // Whoever started it is gone, killed say.
  process.once('disconnect', () => process.exit());
  process.on('message', (pace: StreamPace) => {
    streams.pace(pace);
    process.send?.(pace);
  });
  const addresses: ProviderAddresses = {
    urls: { answers: answers.url, streams: streams.url, 'at once': atOnce.url },
    otlpUrl: `http://127.0.0.1:${await listen(otlp)}`,
  };
  process.send?.(addresses);
}
