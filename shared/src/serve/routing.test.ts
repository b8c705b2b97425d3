// A path belongs to the exact route before one with names, and what stands for a name arrives decoded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Route } from './exchange.ts';
import { createRouting } from './routing.ts';

const route = (method: string, path: string): Route => ({
  method,
  path,
  dialect: 'cody',
  handle: () => Promise.resolve(),
});
const routing = createRouting([
  route('GET', '/v1/models'),
  route('POST', '/v1/models'),
  route('GET', '/kept/*'),
  route('GET', '/v1/models/{id}'),
  route('POST', '/v1beta/{+model}:generateContent'),
  route('GET', '/v1beta/{+model}'),
]);

function found(path: string): [path: string | null, methods: string[], named: Readonly<Record<string, string>>] {
  const { routes, named } = routing(path);
  return [routes[0]?.path ?? null, routes.map(({ method }) => method), named];
}

test('paths', () => {
  for (const [path, expected] of [
    ['/v1/models', ['/v1/models', ['GET', 'POST'], {}]],
    ['/kept/a', ['/kept/*', ['GET'], {}]],
    ['/kept/a/b', [null, [], {}]],
    ['/v1/models/gpt-4o', ['/v1/models/{id}', ['GET'], { id: 'gpt-4o' }]],
    ['/v1/models/openai%2Fgpt-4o', ['/v1/models/{id}', ['GET'], { id: 'openai/gpt-4o' }]],
    ['/v1/models/a/b', [null, [], {}]],
    ['/v1/models/', [null, [], {}]],
    ['/v1/models/%zz', [null, [], {}]],
    [
      '/v1beta/models/gemini-2.5-pro:generateContent',
      ['/v1beta/{+model}:generateContent', ['POST'], { model: 'models/gemini-2.5-pro' }],
    ],
    ['/v1beta/models/a/b:c', ['/v1beta/{+model}', ['GET'], { model: 'models/a/b:c' }]],
    ['/v1betaXmodels/a', [null, [], {}]],
    ['/v1beta/modelsXgenerateContent', ['/v1beta/{+model}', ['GET'], { model: 'modelsXgenerateContent' }]],
  ] as const)
    assert.deepEqual(found(path), expected, path);
});
