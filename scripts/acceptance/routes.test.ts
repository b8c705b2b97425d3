// Each function serves what its function.json says, at its own URL too, and nothing else: router and load balancer go
// by that file.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFunctionFiles } from '../functions/function-files.ts';
import { startGateway } from '../local/test-gateway.ts';

test('at each function’s own URL its routes are there, the others’ are not, and version and health are everywhere', async (t) => {
  const gateway = await startGateway();
  t.after(() => gateway.stop());
  const files = await readFunctionFiles();
  const all = files.flatMap((file) => file.routes.map((route) => ({ ...route, of: file.name })));
  const served = all.filter(({ path }) => !path.endsWith('*'));
  assert.ok(served.length > 0);
  for (const { name, default: isDefault } of files) {
    const url = gateway.functions.get(name)?.url ?? '';
    const statusOf = async (path: string, method: string): Promise<number> => {
      // No token and no body: whatever is there refuses, what is not there is not found.
      const response = await fetch(url + path, { method });
      await response.arrayBuffer();
      return response.status;
    };
    assert.equal(await statusOf('/-/__version', 'GET'), 200, name);
    assert.equal(await statusOf('/-/healthz', 'GET'), 401, name);
    for (const { path, methods } of served) {
      const own = served.filter((route) => route.of === name && route.path === path);
      for (const method of methods) {
        const status = await statusOf(path, method);
        const there = own.some((route) => route.methods.includes(method));
        if (there) assert.ok(status !== 404 && status !== 405, `${name} ${method} ${path}: ${status}`);
        else assert.ok(status === 404 || (own.length > 0 && status === 405), `${name} ${method} ${path}: ${status}`);
      }
    }
    if (isDefault === true) assert.equal(await statusOf('/nobody-has-this', 'GET'), 404);
  }
});
