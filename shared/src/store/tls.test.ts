// TLS as Memorystore speaks it: an authority for this instance alone, and a certificate that has the address in its CN
// and no alternative name.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { connect } from 'node:tls';
import { freePort } from '../../../scripts/local/process/port.ts';
import { startRedis, type LocalRedis } from '../../../scripts/local/process/redis.ts';
import { connectStore, type StoreChange, type StoreSettings } from './connection.ts';

let dir: string;
let redis: LocalRedis;
let port: number;
const file = (name: string): string => path.join(dir, name);
const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });

/** An authority, and the certificate that it signs for a Redis at 127.0.0.1. */
function certificates(name: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '3650',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.pem`,
  );
  openssl('req', ...key, '-subj', '/CN=127.0.0.1', '-keyout', `${name}-redis.key`, '-out', `${name}-redis.csr`);
  openssl(
    'x509',
    '-req',
    '-days',
    '365',
    '-in',
    `${name}-redis.csr`,
    '-CA',
    `${name}.pem`,
    '-CAkey',
    `${name}.key`,
    '-CAcreateserial',
    '-out',
    `${name}-redis.pem`,
  );
}

before(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'gateway-tls-'));
  certificates('own');
  certificates('other');
  port = await freePort();
  const args = [
    '--tls-port',
    String(port),
    '--tls-cert-file',
    file('own-redis.pem'),
    '--tls-key-file',
    file('own-redis.key'),
  ];
  redis = await startRedis({ args: [...args, '--tls-ca-cert-file', file('own.pem'), '--tls-auth-clients', 'no'] });
});
after(async () => {
  await redis.close();
  rmSync(dir, { recursive: true });
});

/** What the store says to a command, and of the connection. */
async function ask(t: TestContext, settings: Partial<StoreSettings>): Promise<{ answer: string; said: string }> {
  const changes: StoreChange[] = [];
  const store = connectStore(
    { redisEndpoint: `rediss://127.0.0.1:${port}`, redisBudgetMs: 2_000, ...settings },
    () => undefined,
    { changed: (change) => void changes.push(change) },
  );
  t.after(() => store.close());
  await store.opened();
  const [answer] = await store.commands([['ping']], { leftMs: 2_000 }).catch((error: Error) => [error.message]);
  return { answer: String(answer), said: String(changes[0]?.error) };
}

test('its own authority is told: whose chain ends there is this Redis, whatever its certificate is called', async (t) => {
  const ca = readFileSync(file('own.pem'));
  const [refused] = (await once(connect({ host: '127.0.0.1', port, ca }), 'error')) as [NodeJS.ErrnoException];
  assert.equal(refused.code, 'ERR_TLS_CERT_ALTNAME_INVALID', 'what Node makes of such a certificate by itself');
  assert.equal((await ask(t, { redisCaFile: file('own.pem') })).answer, 'PONG');
  // For years an old one and a new one are valid.
  writeFileSync(file('both.pem'), Buffer.concat([readFileSync(file('other.pem')), ca]));
  assert.equal((await ask(t, { redisCaFile: file('both.pem') })).answer, 'PONG');
});

test('another authority: refused, whatever the name; the port opens and the reason is told', async (t) => {
  const { answer, said } = await ask(t, { redisCaFile: file('other.pem') });
  assert.match(answer, /^redis/);
  assert.match(said, /certificate/);
});

test('no authority of its own: those that everybody trusts count, and they have not signed this', async (t) => {
  const { answer, said } = await ask(t, {});
  assert.match(answer, /^redis/);
  assert.match(said, /certificate/);
});

test('a file that is missing or empty is named; nothing is sent without it, and it is read again', async (t) => {
  writeFileSync(file('empty.pem'), '\n');
  assert.match(
    (await ask(t, { redisCaFile: file('empty.pem') })).said,
    /certificate authority is missing: \S+empty\.pem is empty/,
  );
  const changes: StoreChange[] = [];
  const store = connectStore(
    { redisEndpoint: `rediss://127.0.0.1:${port}`, redisCaFile: file('late.pem') },
    () => undefined,
    { changed: (change) => void changes.push(change) },
  );
  t.after(() => store.close());
  await store.opened();
  await assert.rejects(store.commands([['ping']], { leftMs: 2_000 }));
  assert.match(String(changes[0]?.error), /certificate authority can't be read from \S+late\.pem \(ENOENT\)/);
  writeFileSync(file('late.pem'), readFileSync(file('own.pem')));
  assert.deepEqual(await store.commands([['ping']], { leftMs: 20_000, patient: true }), ['PONG']);
});
