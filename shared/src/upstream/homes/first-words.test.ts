// What a stream says before the model says anything: a closed list for each dialect, told from answers and from
// failures.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { DialectName } from '../../catalogue/catalogue.ts';
import { SseSplitter } from '../../http/http.ts';
import { saidBy, type Said } from './first-words.ts';

const chunk = (delta: object, more: object = {}): string =>
  JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }], usage: null, ...more });

const cases: [dialect: DialectName, data: string | null, said: Said][] = [
  ['anthropic-messages', '{"type":"message_start","message":{}}', 'prologue'],
  ['anthropic-messages', '{"type":"ping"}', 'prologue'],
  ['anthropic-messages', null, 'prologue'],
  ['anthropic-messages', '{"type":"content_block_start","content_block":{"type":"text","text":""}}', 'word'],
  ['anthropic-messages', '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', 'failure'],
  ['anthropic-messages', '{"type":"of tomorrow"}', 'word'],
  ['anthropic-messages', 'no json', 'word'],
  ['anthropic-text', '{"completion":" He"}', 'word'],
  ['anthropic-text', '{"error":{"type":"overloaded_error"}}', 'failure'],
  ['openai-chat', chunk({ role: 'assistant' }), 'prologue'],
  ['openai-chat', chunk({ role: 'assistant', content: '', refusal: null }), 'prologue'],
  ['openai-chat', '{"choices":[],"prompt_filter_results":[]}', 'prologue'],
  ['openai-chat', chunk({ role: 'assistant', content: 'He' }), 'word'],
  ['openai-chat', chunk({ role: 'assistant', content: null, tool_calls: [{ index: 0 }] }), 'word'],
  ['openai-chat', chunk({ reasoning_content: 'hm' }), 'word'],
  ['openai-chat', '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}', 'word'],
  ['openai-chat', '{"choices":[],"usage":{"prompt_tokens":1}}', 'word'],
  ['openai-chat', '{"error":{"message":"The server had an error","type":"server_error"}}', 'failure'],
  ['openai-chat', '[DONE]', 'word'],
  ['openai-text', '{"choices":[{"text":""}]}', 'word'],
  ['openai-responses', '{"type":"response.created","response":{}}', 'prologue'],
  ['openai-responses', '{"type":"response.queued"}', 'prologue'],
  ['openai-responses', '{"type":"response.in_progress"}', 'prologue'],
  ['openai-responses', '{"type":"response.output_item.added"}', 'word'],
  ['openai-responses', '{"type":"response.failed","response":{"error":{"code":"server_error"}}}', 'failure'],
  ['openai-responses', '{"type":"error","code":"server_error"}', 'failure'],
  ['gemini-generate', '{"candidates":[{"content":{"parts":[{"text":""}]}}]}', 'word'],
  ['gemini-generate', '{"error":{"code":503,"status":"UNAVAILABLE"}}', 'failure'],
];
for (const [dialect, data, said] of cases)
  test(`${dialect}: ${data ?? 'a comment'}: ${said}`, () => assert.equal(saidBy(dialect, data), said));

test('the recorded streams of each dialect begin with a word within their first three events, or fail', () => {
  const folder = path.join(import.meta.dirname, '../dialects/fixtures');
  let seen = 0;
  for (const file of globSync('{anthropic-messages,openai-chat,gemini-generate}/*.sse', { cwd: folder })) {
    const [dialect = ''] = file.split(path.sep);
    const events = new SseSplitter(1 << 20).push(readFileSync(path.join(folder, file)));
    const said = events.slice(0, 3).map(({ data }) => saidBy(dialect as DialectName, data));
    assert.ok(said.length < 3 || said.some((one) => one !== 'prologue'), `${file}: ${said.join()}`);
    seen++;
  }
  assert.ok(seen > 10);
});
