// The OpenAPI documents please a linter that others use too, and stay what the functions serve: a route more or less is
// a fault that is named.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { readFunctionFiles } from '../functions/function-files.ts';
import { openApiDocuments } from './documents.ts';

const files = await readFunctionFiles();
const documents = openApiDocuments(files);

test('the linter finds nothing', async () => {
  // Members that nobody describes pass, so they may stand in an example.
  const rules = { 'no-invalid-media-type-examples': { severity: 'error', allowAdditionalProperties: true } } as const;
  const config = await createConfig({ extends: ['recommended-strict'], rules });
  for (const [name, document] of Object.entries(documents)) {
    const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: `/${name}.json`, config });
    const said = problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer ?? ''}`);
    assert.deepEqual(said, [], name);
  }
});

test('a route that nothing describes is named, and a description without its route', () => {
  const more = files.map((file) =>
    file.name === 'limits'
      ? { ...file, routes: [...file.routes, { path: '/v1/more', methods: ['GET' as const] }] }
      : file,
  );
  assert.throws(
    () => openApiDocuments(more),
    /GET \/v1\/more is in a function\.json, and scripts\/openapi\/operations\.ts neither describes it/,
  );
  const less = files.filter(({ name }) => name !== 'responses');
  assert.throws(
    () => openApiDocuments(less),
    /POST \/v1\/responses is described in scripts\/openapi\/operations\.ts, and no function\.json has it/,
  );
  assert.throws(
    () => openApiDocuments(less),
    /\/v1\/responses\/\* is left undocumented in scripts\/openapi\/operations\.ts, and no function\.json has it/,
  );
});

test('each operation has a name of its own, and says who serves it', () => {
  for (const document of Object.values(documents)) {
    const { paths, tags } = document as unknown as {
      paths: Record<string, Record<string, { operationId: string; tags: string[] }>>;
      tags: { name: string }[];
    };
    const all = Object.values(paths).flatMap((methods) => Object.values(methods));
    assert.equal(new Set(all.map(({ operationId }) => operationId)).size, all.length);
    const names = new Set(tags.map(({ name }) => name));
    assert.ok(all.every((operation) => operation.tags.every((tag) => names.has(tag))));
  }
});
