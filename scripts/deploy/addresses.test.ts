// What status tells besides the functions: addresses from Google, and in words what is not there or may not be read.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { operatorAddresses } from './addresses.ts';
import { readRoot } from './root-file.ts';

test('addresses, and what stands in their place', (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), 'addresses-'));
  const before = process.env['PATH'];
  t.after(() => {
    process.env['PATH'] = before;
    rmSync(dir, { recursive: true });
  });
  process.env['PATH'] = `${dir}:${before ?? ''}`;
  const told = (addresses: string, redis: string): string[] => {
    const file = path.join(dir, 'gcloud');
    writeFileSync(file, `#!/bin/sh\ncase "$1" in compute) ${addresses};; redis) ${redis};; esac\n`);
    chmodSync(file, 0o755);
    return operatorAddresses(readRoot('prod'));
  };
  const [address, host, tunnel, redis] = told('echo 203.0.113.7', 'echo 10.0.0.3');
  assert.equal(address, 'address of cody-gateway.sourcegraph.com: 203.0.113.7');
  assert.equal(host, 'Redis: 10.0.0.3');
  assert.match(
    tunnel ?? '',
    /--project=cody-gateway-prod --zone=us-central1-c --tunnel-through-iap -- -N -L 6378:10\.0\.0\.3:6378$/,
  );
  assert.match(redis ?? '', /get-auth-string cody-gateway --project=cody-gateway-prod/);
  const fails = (why: string): string => `echo "ERROR: (gcloud) ${why}" >&2; exit 1`;
  const [gone, denied, closed] = told(
    fails('The resource was not found'),
    fails('PERMISSION_DENIED: redis.instances.get'),
  );
  assert.match(gone ?? '', /: not there$/);
  assert.match(denied ?? '', /^Redis: not told \(ERROR: \(gcloud\) PERMISSION_DENIED: redis\.instances\.get\)$/);
  assert.match(closed ?? '', /6378:HOST:6378$/);
});
