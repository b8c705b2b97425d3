// Whose SDK asks is told by what each sends of itself; an instance is nobody's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOpenAiSdk, sdkDialect } from './sdk-dialect.ts';

const vercel = { 'user-agent': 'ai/7.0.173 ai-sdk-provider-utils/5.0.81 node.js/24' };
const instances = [
  {},
  { 'user-agent': 'Go-http-client/1.1' },
  { 'user-agent': 'sourcegraph/6.7.0 (mail-sdk/1.0)' },
  { 'user-agent': 'Go-http-client/2.0', 'x-sourcegraph-actor-uid': '1', 'x-api-key': '' },
];

test('Anthropic’s and Google’s SDKs are known by their headers, everybody else reads OpenAI’s shape', () => {
  assert.equal(sdkDialect({ 'anthropic-version': '2023-06-01', 'x-stainless-lang': 'js' }), 'anthropic');
  assert.equal(sdkDialect({ 'x-goog-api-key': 'k' }), 'google');
  assert.equal(sdkDialect({ 'x-goog-api-client': 'google-genai-sdk/3.3.0', authorization: 'Bearer t' }), 'google');
  for (const headers of [{ 'x-stainless-lang': 'python' }, vercel, ...instances])
    assert.equal(sdkDialect(headers), 'openai');
});

test('a client of OpenAI’s API says that it is one, an instance does not', () => {
  for (const headers of [{ 'x-stainless-lang': 'js' }, vercel]) assert.ok(isOpenAiSdk(headers));
  for (const headers of instances) assert.ok(!isOpenAiSdk(headers), JSON.stringify(headers));
});
