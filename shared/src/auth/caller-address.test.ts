// Whose address counts, at a function's own URL and behind the load balancer, and that nothing a caller writes makes
// it another's.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { callerAddress, type ProxySettings } from './caller-address.ts';

const balancer = '34.117.0.9';
const caller = '198.51.100.7';
const victim = '203.0.113.9';
const marker = 'x-gateway-load-balancer';
/** As Terraform sets them. */
const deployed: ProxySettings = {
  cloudflareHeaders: false,
  trustedProxies: 1,
  loadBalancerAddresses: [balancer, '2600:1901:0:1::'],
};

/** The platform appends the address that the connection came from, whatever stands there. */
const atOwnUrl = (headers: Record<string, string>): Record<string, string> => ({
  ...headers,
  'x-forwarded-for': [headers['x-forwarded-for'], caller].filter(Boolean).join(', '),
});

/** The balancer appends the caller and itself, and writes its header over the caller's. */
const behindBalancer = (headers: Record<string, string>, from = caller): Record<string, string> => ({
  ...headers,
  'x-forwarded-for': [headers['x-forwarded-for'], from, balancer].filter(Boolean).join(','),
  [marker]: balancer,
});

const address = (headers: Record<string, string>, settings = deployed): string =>
  callerAddress(headers, '169.254.1.1', settings);

const forgeries: readonly Record<string, string>[] = [
  {},
  { 'x-forwarded-for': victim },
  { 'x-forwarded-for': `${victim},${balancer}` },
  { 'x-forwarded-for': `${victim}, ${victim}, ${victim}` },
  { 'x-forwarded-for': ',,,' },
  { [marker]: balancer },
  { [marker]: caller },
  { [marker]: `${balancer}, ${caller}` },
  { [marker]: balancer, 'x-forwarded-for': victim },
  { [marker]: balancer, 'x-forwarded-for': `${victim},${balancer}` },
  { [marker]: caller, 'x-forwarded-for': `${victim},${caller}` },
  { 'cf-connecting-ip': victim },
  { 'cf-connecting-ip': victim, 'x-forwarded-for': '104.16.0.1' },
];

for (const cloudflareHeaders of [false, true])
  describe(`a caller is who it is, whatever it writes; Cloudflare ${cloudflareHeaders ? 'is' : 'is not'} in front`, () => {
    const settings = { ...deployed, cloudflareHeaders };
    for (const forged of forgeries)
      test(JSON.stringify(forged), () => {
        assert.equal(address(atOwnUrl(forged), settings), caller, 'at a function’s own URL');
        assert.equal(address(behindBalancer(forged), settings), caller, 'behind the load balancer');
      });
  });

test('Cloudflare is believed for what it sent, by the address that it sent it from', () => {
  const settings = { ...deployed, cloudflareHeaders: true };
  for (const from of ['104.16.0.1', '172.71.255.254', '2606:4700:10::1']) {
    assert.equal(address(behindBalancer({ 'cf-connecting-ip': victim }, from), settings), victim);
    assert.equal(address(behindBalancer({ 'cf-connecting-ip': victim }, from)), from, 'where it is not in front');
    assert.equal(address(behindBalancer({ 'cf-connecting-ip': 'no address' }, from), settings), from);
  }
});

test('without a load balancer the last entry counts, or the one before as many proxies as there are', () => {
  const plain = { cloudflareHeaders: false, trustedProxies: 0, loadBalancerAddresses: null };
  assert.equal(address({ 'x-forwarded-for': `${victim}, ${caller}` }, plain), caller);
  assert.equal(address({ 'x-forwarded-for': `${caller}, 10.0.0.1` }, { ...plain, trustedProxies: 1 }), caller);
});

test('without any proxy the address of the connection counts, also where an entry is no address', () => {
  for (const entry of [undefined, '', 'unknown', '203.0.113.9:80', '[2001:db8::1]'])
    assert.equal(address(entry === undefined ? {} : { 'x-forwarded-for': entry }), '169.254.1.1');
  assert.equal(callerAddress({}, undefined, deployed), '');
});
