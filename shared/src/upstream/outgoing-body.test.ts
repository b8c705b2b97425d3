// A large request is sent byte for byte as a small one with the same members, whatever is in it, and what it was read
// from is as it was.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { parseInOrder } from '../http/http.ts';
import type { JsonObject } from './call.ts';
import { bodyOf, withModel } from './outgoing-body.ts';

const large = 2 * 1024 * 1024;

/** What goes out, and the numbers that are kept of it. */
function sent(members: JsonObject, bytes: number): { text: string; promptSize: unknown; isText: boolean } {
  const reading = bodyOf(members, 'openai', bytes);
  const pieces = withModel(reading, 'a "model"').map((piece) => Buffer.from(piece));
  const isText = typeof reading.body === 'string';
  return { text: Buffer.concat(pieces).toString('utf8'), promptSize: reading.promptSize, isText };
}

function agree(members: JsonObject, bytes = large): void {
  const before = structuredClone(members);
  const [text, inBytes] = [sent(members, 0), sent(members, bytes)];
  assert.deepEqual([text.isText, inBytes.isText], [true, false]);
  assert.ok(inBytes.text === text.text, 'the same bytes');
  assert.deepEqual(inBytes.promptSize, text.promptSize);
  assert.deepEqual(members, before);
}

test('texts of any length and letters, anywhere, are written alike in bytes and as a text', () => {
  const letters = fc.constantFrom('a', 'ж', '語', '🌍', '\ud83c', '\udf0d', '"', '\\', '\n', '\u0000', '\u2028');
  const text = fc
    .tuple(fc.array(letters, { minLength: 1, maxLength: 5 }), fc.constantFrom(0, 1, 500, 1_023, 1_024, 40_000, 70_001))
    .map(([few, count]) => few.join('').repeat(Math.ceil(count / few.length)));
  const value = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      text,
      fc.constantFrom(1, true, null, 1e21),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('text', 'type', 'content', 'a', '__proto__'), tie('any'), { maxKeys: 3 }),
    ),
  })).any;
  const names = fc.constantFrom('messages', 'model', 'prompt', 'tools', 'metadata', 'x');
  fc.assert(
    fc.property(fc.array(fc.tuple(names, value), { maxLength: 5 }), (entries) =>
      agree(JSON.parse(JSON.stringify(Object.fromEntries(entries))) as JsonObject),
    ),
    { numRuns: 150 },
  );
});

test('members that look like places keep theirs, numbers their digits, and a request may outgrow what was expected', () => {
  const long = 'x'.repeat(5_000);
  const text = `{"10":"${long}","2":[12345678901234567890,"${long}"],"model":"m","messages":[{"role":"user","9":{"1":"${long}"}}]}`;
  const members = parseInOrder(text) as JsonObject;
  const out = sent(members, large);
  assert.equal(out.text, text.replace('"model":"m"', '"model":"a \\"model\\""'));
  assert.equal(sent(members, 0).text, out.text);
  agree({ model: 'm', messages: [{ role: 'user', content: '\u0000'.repeat(1_000_000) }] }, large);
});

test('an estimate knows of a prompt its words, what may be called, its pictures and the length that is asked for', () => {
  const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(5_000)}` } };
  const tools = [{ type: 'function', function: { name: 'find', parameters: {} } }];
  const members = { model: 'm', max_tokens: 7, messages: [{ role: 'user', content: ['жж', image, image] }], tools };
  for (const bytes of [0, large])
    assert.deepEqual(bodyOf(members, 'openai', bytes).promptSize, {
      bytes: Buffer.byteLength('жж\n') + JSON.stringify(tools).length,
      images: 2,
      maxTokens: 7,
    });
});
