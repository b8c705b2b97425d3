// Pages of other origins: none by default, those that an operator names, and what a browser asks first.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crossOriginHeaders } from './cross-origin.ts';

const page = 'https://app.example.com';
const asked = (headers: Record<string, string> = {}, method = 'POST', path = '/v1/chat/completions') => ({
  headers: { origin: page, ...headers },
  method,
  path,
});

test('off by default, and never for operators’ paths', () => {
  assert.deepEqual(crossOriginHeaders(asked(), null, 'POST'), {});
  for (const path of ['/-/healthz', '/maintenance/flagged-requests'])
    assert.deepEqual(crossOriginHeaders(asked({}, 'GET', path), ['*'], 'GET'), {});
});

test('an origin that is named, or any where all are', () => {
  for (const origins of [[page], ['https://other.example.com', page], ['*']])
    assert.deepEqual(crossOriginHeaders(asked(), origins, 'POST'), {
      vary: 'origin',
      'access-control-allow-origin': page,
      'access-control-expose-headers': '*',
    });
});

test('any other origin, and a caller that is no page, gets no leave; caches keep them apart', () => {
  for (const origin of ['https://evil.example.com', `${page}.evil.com`, page.toUpperCase(), 'null'])
    assert.deepEqual(crossOriginHeaders(asked({ origin }), [page], 'POST'), { vary: 'origin' });
  const { path, method } = asked();
  assert.deepEqual(crossOriginHeaders({ path, method, headers: {} }, ['*'], 'POST'), { vary: 'origin' });
});

test('a preflight is told methods and headers, and no cookie is ever allowed', () => {
  const preflight = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,x-stainless-os',
  };
  const told = crossOriginHeaders(asked(preflight, 'OPTIONS'), [page], 'POST');
  assert.deepEqual(
    [told['access-control-allow-methods'], told['access-control-allow-headers'], told['access-control-max-age']],
    ['POST', 'authorization,x-stainless-os', '600'],
  );
  assert.equal(told['access-control-allow-credentials'], undefined);
  const odd = { ...preflight, 'access-control-request-headers': 'a\tb<script>' };
  assert.equal(crossOriginHeaders(asked(odd, 'OPTIONS'), [page], 'POST')['access-control-allow-headers'], undefined);
});
