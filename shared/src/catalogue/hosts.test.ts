// Secrets go to hosts that a reviewed layer allows, and the overlay names no private address, however it is written.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostRules, isPrivateHost, overlayAddressFault } from './hosts.ts';
import { mergeRows, type Layer } from './layers.ts';

const facts = { source: 'a test', asOf: '2026-01-01' };
const home = (id: string, baseUrl: string | null, secrets: string[], kind = 'api-key') => ({
  id,
  provider: 'openai',
  kind,
  baseUrl,
  company: 'openai',
  secrets,
  state: id,
  ...facts,
});
const rules = (...reviewed: Layer[]) => hostRules(reviewed, mergeRows('secrets', reviewed).rows.values());

const hostOf = (address: string): string => new URL(address).hostname;

test('private, local and link-local hosts, in every spelling that an address has', () => {
  for (const address of [
    'http://127.0.0.1',
    'http://2130706433',
    'http://0x7f.1',
    'http://017700000001',
    'http://10.1.2.3',
    'http://172.16.0.1',
    'http://172.31.255.255',
    'http://192.168.1.1',
    'http://169.254.169.254',
    'http://100.64.0.1',
    'http://0.0.0.0',
    'http://192.0.0.8',
    'http://198.18.0.1',
    'http://224.0.0.1',
    'http://255.255.255.255',
    'http://[::1]',
    'http://[::]',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:a9fe:a9fe]',
    'http://[fd00:ec2::254]',
    'http://[fe80::1]',
    'http://[fec0::1]',
    'http://[ff02::1]',
    'http://[64:ff9b::7f00:1]',
    'http://[2002:7f00:1::]',
    'http://[::127.0.0.1]',
    'http://localhost',
    'http://LOCALHOST.',
    'http://a.localhost',
    'http://metadata.google.internal',
    'http://metadata',
    'http://printer.local',
    'http://nas.lan',
    'http://x.home.arpa',
    'http://127.0.0.1.',
  ])
    assert.ok(isPrivateHost(hostOf(address)), address);
});

test('public hosts are none', () => {
  for (const address of [
    'https://api.openai.com',
    'https://8.8.8.8',
    'https://172.32.0.1',
    'https://100.128.0.1',
    'https://[2606:4700::1111]',
    'https://localhost.example.com',
    'https://internal.example.com',
  ])
    assert.ok(!isPrivateHost(hostOf(address)), address);
});

test('a secret goes where a reviewed home that names it is, also where another layer states its address', () => {
  const { allows, knows, names } = rules(
    {
      name: 'defaults',
      rows: { homes: [home('a', 'https://a.example', ['KEY_A']), home('b', 'https://b.example:8443/v1', ['KEY_B'])] },
    },
    { name: 'environment', rows: { homes: [{ id: 'a', baseUrl: 'http://127.0.0.1:9551' }] } },
  );
  for (const [secret, origin] of [
    ['KEY_A', 'https://a.example'],
    ['KEY_A', 'http://127.0.0.1:9551'],
    ['KEY_B', 'https://b.example:8443'],
  ] as const)
    assert.ok(allows(secret, origin), `${secret} ${origin}`);
  for (const [secret, origin] of [
    ['KEY_A', 'https://b.example:8443'],
    ['KEY_B', 'https://a.example'],
    ['KEY_B', 'https://b.example'],
    ['KEY_A', 'http://a.example'],
    ['KEY_A', 'http://127.0.0.1'],
    ['KEY_A', 'https://127.0.0.1:9551'],
    ['KEY_A', 'https://evil.a.example'],
    ['KEY_C', 'https://a.example'],
  ] as const)
    assert.ok(!allows(secret, origin), `${secret} ${origin}`);
  assert.ok(knows('http://127.0.0.1:9551') && !knows('http://127.0.0.1'));
  assert.deepEqual([names('KEY_A'), names('KEY_C')], [true, false]);
});

test('rows of secrets allow hosts by name and by the beginning of a label, with TLS alone', () => {
  const { allows } = rules({
    name: 'environment',
    rows: { secrets: [{ id: 'KEY_A', hosts: ['x.example', '*-ai.example.com', '*.sub.example'], ...facts }] },
  });
  for (const host of ['x.example', 'eu-ai.example.com', 'a.sub.example']) {
    assert.ok(allows('KEY_A', `https://${host}`), host);
    assert.ok(!allows('KEY_A', `http://${host}`), host);
  }
  for (const host of [
    'y.x.example',
    'x.example:8443',
    '-ai.example.com',
    'a.eu-ai.example.com',
    'ai.example.com',
    'a.b.sub.example',
    'sub.example',
    'eu-ai.example.com.evil.example',
  ])
    assert.ok(!allows('KEY_A', `https://${host}`), host);
});

test('the overlay names https alone, nothing private, unless a reviewed home is there', () => {
  const reviewed = rules({ name: 'environment', rows: { homes: [home('vllm', 'http://10.0.0.7:8000', [], 'none')] } });
  assert.equal(overlayAddressFault('http://10.0.0.7:8000/v1', reviewed), null);
  assert.equal(overlayAddressFault('https://api.example.com', reviewed), null);
  assert.match(overlayAddressFault('http://api.example.com', reviewed) ?? '', /is not https/);
  assert.match(
    overlayAddressFault('https://10.0.0.7:8001', reviewed) ?? '',
    /10\.0\.0\.7:8001 is a private, local or link-local address/,
  );
  assert.match(overlayAddressFault('https://2852039166', reviewed) ?? '', /169\.254\.169\.254 is a private/);
});
