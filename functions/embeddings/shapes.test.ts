// What is asked for vectors of: texts in both shapes, and lists of token ids in OpenAI's, as they came.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEmbeddingRequest } from './shapes.ts';

const small = 'text-embedding-3-small';

test('token ids are input as they are: one list of them, or a list of such lists', () => {
  const lists = [[9906, 1917], [15339]];
  const many = readEmbeddingRequest({ model: small, input: lists, encoding_format: 'base64' });
  assert.deepEqual([many.shape, many.texts, many.base64], ['openai', lists, true]);
  assert.deepEqual(readEmbeddingRequest({ model: `openai/${small}`, input: [9906, 0] }).texts, [[9906, 0]]);
  assert.equal(
    readEmbeddingRequest({ model: `openai/${small}`, input: lists }).shape,
    'openai',
    'no instance sends such',
  );
});

test('texts stay what they were, and a mixture is refused', () => {
  assert.deepEqual(readEmbeddingRequest({ model: `openai/${small}`, input: ['a', ''] }).texts, ['a', '']);
  assert.deepEqual(readEmbeddingRequest({ model: small, input: 'a' }).texts, ['a']);
  for (const input of [['a', 1], [[1], 'a'], [[1], []], [[]], [1.5], [-1], [[['a']]], { a: 1 }, null])
    assert.throws(() => readEmbeddingRequest({ model: small, input }), {
      kind: 'bad-request',
      message: 'failed to parse request body: "input" must be a text or a list of texts',
    });
});
