// What the OpenAPI documents say holds for the running gateway: each operation serves its example, the answer has the
// shape that the document gives it, and so has a refusal.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { startGateway, type TestGateway } from '../local/test-gateway.ts';
import { operations, type DocumentName, type Operation } from '../openapi/operations.ts';

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: object;
}
interface DescribedOperation {
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

let gateway: TestGateway;
const documents = new Map<DocumentName, Document>();
const ajv = new Ajv2020({ strict: false });

before(async () => {
  gateway = await startGateway({ env: { CODY_GATEWAY_ALLOW_ANONYMOUS: 'false' } });
  for (const name of ['cody', 'openai', 'anthropic', 'google'] as const) {
    const { status, headers, text } = await gateway.call(`/-/openapi/${name}.json`, { token: null });
    assert.deepEqual([status, headers.get('content-type')], [200, 'application/json']);
    documents.set(name, JSON.parse(text) as Document);
  }
});
after(() => gateway.stop());

/** By its own kind of client. */
const callers: Readonly<Record<DocumentName, Readonly<Record<string, string>>>> = {
  cody: {},
  openai: { 'x-stainless-lang': 'js' },
  anthropic: { 'anthropic-version': '2023-06-01' },
  google: {},
};

function call(operation: Operation, token: string | null, body: unknown = operation.example) {
  const { document, method, path, features, named = {} } = operation;
  const url = path.replaceAll(/\{(\w+)\}/g, (_name, name: string) => named[name] ?? 'x');
  return gateway.call(url, {
    method,
    token: document === 'google' ? null : token,
    headers: {
      ...callers[document],
      ...(document === 'google' && { 'x-goog-api-key': token ?? '' }),
      ...(features !== undefined && { 'x-sourcegraph-feature': features[0] ?? '' }),
    },
    ...(method === 'POST' && { body: body ?? '' }),
  });
}

/** What a document's schema has against an answer. */
function faults({ document, path, method }: Operation, status: string, text: string): unknown {
  const { paths, components } = documents.get(document) ?? assert.fail(document);
  const { content } = paths[path]?.[method.toLowerCase()]?.responses[status] ?? assert.fail(path);
  const schema = content?.['application/json']?.schema;
  if (schema === undefined) return null;
  const validate = ajv.compile({ ...schema, components });
  return validate(JSON.parse(text)) ? null : validate.errors;
}

test('each operation serves its example in the shape that is promised', async () => {
  for (const operation of operations) {
    if (operation.access === 'reader') continue;
    const token =
      operation.access === 'operator' ? (gateway.env['CODY_GATEWAY_DIAGNOSTICS_SECRET'] ?? '') : gateway.token;
    const { status, text } = await call(operation, token);
    const name = `${operation.document} ${operation.method} ${operation.path}`;
    assert.equal(status, 200, `${name}: ${text}`);
    assert.deepEqual(faults(operation, '200', text), null, name);
  }
});

test('each refuses an unknown token and a body that is no object, in the shape that is promised', async () => {
  for (const operation of operations.filter(({ access }) => access === undefined)) {
    const name = `${operation.document} ${operation.method} ${operation.path}`;
    const unknown = await call(operation, `slk_${'c'.repeat(64)}`);
    if (operation.path !== '/v1/embeddings/models') {
      assert.equal(unknown.status, 401, `${name}: ${unknown.text}`);
      assert.deepEqual(faults(operation, '4XX', unknown.text), null, name);
    }
    if (operation.request === undefined) continue;
    const odd = await call(operation, gateway.token, '[1]');
    assert.equal(odd.status, 400, `${name}: ${odd.text}`);
    assert.deepEqual(faults(operation, '4XX', odd.text), null, name);
  }
});

test('there is no other document', async () => {
  const { status, text } = await gateway.call('/-/openapi/other.json', { token: null });
  assert.deepEqual(
    [status, text],
    [404, 'there is no document "other.json": there are cody.json, openai.json, anthropic.json, google.json\n'],
  );
});
