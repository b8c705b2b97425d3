// When a stream has said all, in each dialect: its end mark, or why the model stopped, and nothing else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseEvent } from '../../http/http.ts';
import { dialectNamed } from '../dialects.ts';
import { readerOf, type SurfaceName } from '../reading.test/reader.ts';

const { read } = readerOf();
const messages = [{ role: 'user', content: 'Hi' }];
const delta = { choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: null }] };
const cases: readonly [SurfaceName, string, said: unknown, stopped: unknown, mark: string][] = [
  ['openai-chat', 'gpt-4o', delta, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }, '[DONE]'],
  [
    'anthropic-messages',
    'claude-2',
    { type: 'content_block_delta', delta: { text: 'hi' } },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } },
    '{"type":"message_stop"}',
  ],
];

for (const [surface, model, said, stopped, mark] of cases)
  test(`${surface}: the end mark or a reason to stop, however the other is left out`, () => {
    const call = read(surface, { model, messages, stream: true });
    const finished = (...events: readonly (string | object)[]): boolean => {
      const meter = dialectNamed(call.dialect).meter(call, call.provider, model);
      for (const event of events)
        meter.event(
          new SseEvent(Buffer.from(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`)),
        );
      return meter.finished();
    };
    assert.equal(finished(said as object), false);
    assert.equal(finished(said as object, stopped as object), true);
    assert.equal(finished(said as object, mark), true);
  });
