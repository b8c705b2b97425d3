// Who sees the console: only those for whom Identity-Aware Proxy signs, for this backend and at this time; without it
// only this machine, and never on Cloud Run. Signed with the test's own keys, in Google's way.

import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { createGate, type GateSettings } from './gate.ts';
import { createIapKeys } from './iap-keys.ts';

const audience = '/projects/12/global/backendServices/34';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = publicKey.export({ type: 'spki', format: 'pem' });
const behind: GateSettings = { iapAudience: audience, consoleOpen: false, revision: 'console-00001' };
const nowS = Math.floor(Date.now() / 1_000);
const claims = {
  iss: 'https://cloud.google.com/iap',
  aud: audience,
  iat: nowS,
  exp: nowS + 600,
  sub: '1',
  email: 'a@b.c',
};

interface Made {
  readonly head?: object;
  readonly claims?: object;
  readonly key?: typeof privateKey;
}

function assertion({ head = {}, claims: more = {}, key = privateKey }: Made = {}): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'ES256', typ: 'JWT', kid: 'k1', ...head })}.${part({ ...claims, ...more })}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

async function verdict(
  header: string | string[] | undefined,
  settings = behind,
  address = '10.0.0.1',
  host = 'localhost:9992',
) {
  const keys = createIapKeys(Date.now, () => Promise.resolve({ k1: pem }));
  const request = { socket: { remoteAddress: address } } as IncomingMessage;
  const headers = { host, ...(header !== undefined && { 'x-goog-iap-jwt-assertion': header as string }) };
  return createGate(settings, keys)({ headers, request });
}

test('whom it signed for is let in, by name', async () => {
  assert.deepEqual(await verdict(assertion()), { reader: 'a@b.c' });
});

test('everything else is not: absent, forged, altered, old, of another audience, issuer or way of signing', async () => {
  const whole = assertion();
  const [head = '', body = '', signature = ''] = whole.split('.');
  const altered = Buffer.from(JSON.stringify({ ...claims, email: 'root@b.c' })).toString('base64url');
  const bad: Readonly<Record<string, string | string[] | undefined>> = {
    absent: undefined,
    empty: '',
    'not a token': 'x',
    'sent twice': [whole, whole],
    'far too long': whole + 'x'.repeat(9_000),
    'signed by somebody else': assertion({ key: other.privateKey }),
    'by an unknown key': assertion({ head: { kid: 'k2' } }),
    'by a key of the prototype': assertion({ head: { kid: '__proto__' } }),
    'by no way at all': `${Buffer.from('{"alg":"none","kid":"k1"}').toString('base64url')}.${body}.`,
    'by a shared secret': assertion({ head: { alg: 'HS256' } }),
    altered: `${head}.${altered}.${signature}`,
    'without its signature': `${head}.${body}.`,
    'for another backend': assertion({ claims: { aud: '/projects/12/global/backendServices/35' } }),
    'for a list of audiences': assertion({ claims: { aud: [audience] } }),
    'of another issuer': assertion({ claims: { iss: 'https://accounts.google.com' } }),
    'too old': assertion({ claims: { iat: nowS - 7_200, exp: nowS - 3_600 } }),
    'of tomorrow': assertion({ claims: { iat: nowS + 86_400, exp: nowS + 86_460 } }),
    'good for a year': assertion({ claims: { exp: nowS + 31_536_000 } }),
  };
  for (const [name, header] of Object.entries(bad)) {
    const got = await verdict(header);
    assert.ok('refused' in got, name);
    // Nothing of what was sent is told.
    assert.doesNotMatch(got.refused, /eyJ|root@|[\w-]{30,}/, name);
  }
});

test('a proxy in front decides alone, also where this machine would be let in', async () => {
  const both = { ...behind, consoleOpen: true, revision: null };
  assert.ok('refused' in (await verdict(undefined, both, '127.0.0.1')));
});

test('without it: this machine alone, only where it is open, and never on Cloud Run', async () => {
  const local = { iapAudience: null, consoleOpen: true, revision: null };
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1'])
    assert.deepEqual(await verdict(undefined, local, address), { reader: null });
  for (const address of ['10.0.0.1', '::ffff:10.0.0.1', '127.0.0.1.evil', ''])
    assert.ok('refused' in (await verdict(undefined, local, address)), address);
  for (const host of ['127.0.0.1:9992', '[::1]', 'localhost'])
    assert.deepEqual(await verdict(undefined, local, '127.0.0.1', host), { reader: null });
  for (const host of ['evil.example:9992', 'localhost.evil.example', ''])
    assert.ok('refused' in (await verdict(undefined, local, '127.0.0.1', host)), host);
  assert.ok('refused' in (await verdict(undefined, { ...local, consoleOpen: false }, '127.0.0.1')));
  assert.ok('refused' in (await verdict(undefined, { ...local, revision: 'console-00001' }, '127.0.0.1')));
});

test('keys: asked for once, again for an unknown name but not each time, kept while Google is away', async () => {
  let nowMs = 0;
  let asked = 0;
  let answer: () => Promise<unknown> = () => Promise.resolve({ k1: pem });
  const keys = createIapKeys(
    () => nowMs,
    () => {
      asked++;
      return answer();
    },
  );
  assert.deepEqual(await Promise.all([keys('k1'), keys('k1'), keys('k1')]), [pem, pem, pem]);
  assert.equal(asked, 1);
  for (let i = 0; i < 10; i++) assert.equal(await keys(`x${i}`), null);
  assert.equal(asked, 1, 'names that anybody can make up');
  nowMs = 30_000;
  answer = () => Promise.resolve({ k1: pem, k2: pem });
  assert.equal(await keys('k2'), pem);
  assert.equal(asked, 2);
  nowMs += 3_600_000;
  answer = () => Promise.reject(new Error('away'));
  assert.equal(await keys('k1'), pem);
  assert.equal(asked, 3);
});
