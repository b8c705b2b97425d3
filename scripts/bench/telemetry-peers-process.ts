// What gateways talk to while the cost of telemetry is measured: a provider that takes 20 ms, and an OTLP endpoint that takes everything and reads
// nothing. A process of its own; says its addresses over IPC.

import { createServer } from 'node:http';
import { startOpenAi } from '../local/providers/openai.ts';
import { listen } from '../local/port.ts';
import { answerDelayMs, benchKey } from './provider-process.ts';

const endpoint = createServer((request, response) => {
  request.resume();
  request.once('end', () => response.end());
});
const provider = await startOpenAi({ apiKey: benchKey, delayMs: answerDelayMs });
process.send?.({ providerUrl: provider.url, otlpUrl: `http://127.0.0.1:${await listen(endpoint)}` });
