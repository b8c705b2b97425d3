// Tokens: which source takes them, what stands for them, and how clients derive them.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { classifyToken, deriveFromAccessToken, deriveFromLicenceKey, hashToken } from './token.ts';

const hex64 = 'a'.repeat(64);

test('the prefix decides the source; the 64 characters need not be hex', () => {
  assert.equal(classifyToken(`slk_${hex64}`).source, 'dotcom-product-subscriptions');
  assert.equal(classifyToken(`sgs_${hex64}`).source, 'dotcom-product-subscriptions');
  assert.equal(classifyToken(`sgd_${hex64}`).source, 'dotcom-user');
  assert.equal(classifyToken(`slk_${'z'.repeat(64)}`).source, 'dotcom-product-subscriptions');
});

test('actors #10: sgs_ is the older spelling of slk_, so both have one hash; sgd_ with the same digits has another', () => {
  assert.equal(classifyToken(`sgs_${hex64}`).hash, classifyToken(`slk_${hex64}`).hash);
  assert.notEqual(classifyToken(`sgd_${hex64}`).hash, classifyToken(`slk_${hex64}`).hash);
  assert.notEqual(hashToken(`slk_sgs_${hex64}`), hashToken(`slk_slk_${hex64}`));
});

test('actors #6, #7, #8: a prefix of nobody and a wrong length are an invalid token, which the refusal does not repeat', () => {
  for (const [token, message] of [
    ['abc', 'token not from source: no source found for token'],
    [`SLK_${hex64}`, 'token not from source: no source found for token'],
    [`sgp_${hex64}`, 'token not from source: no source found for token'],
    ['slk_12', 'dotcom-product-subscriptions: invalid token format'],
    [`slk_${hex64}a`, 'dotcom-product-subscriptions: invalid token format'],
    ['sgs_12', 'dotcom-product-subscriptions: invalid token format'],
    ['sgd_12', 'dotcom-user: invalid token format'],
  ] as const)
    assert.throws(() => classifyToken(token), { name: 'Refusal', kind: 'invalid-token', message });
});

test('derivations, from known inputs', () => {
  assert.equal(
    deriveFromLicenceKey('test-license-key'),
    'slk_b9a1b8103a2f8c65d281ba210787880915152e631bb577fb95de11828ca86e4a',
  );
  assert.equal(
    deriveFromAccessToken('sgp_0123456789abcdef0123456789abcdef01234567'),
    'sgd_ee6ba2aa505be17522e936ebac2c31c108d58ebfc8d483ed75a6b298506cb949',
  );
});

test('only the last 40 digits of a personal token count, in either case; anything around them must be known', () => {
  const digits = '0123456789abcdef0123456789abcdef01234567';
  const derived = deriveFromAccessToken(digits);
  assert.match(derived ?? '', /^sgd_[0-9a-f]{64}$/);
  for (const same of [
    `sgph_${digits}`,
    `sgp_local_${digits}`,
    `sgp_fedcba9876543210_${digits}`,
    `local_${digits}`,
    digits.toUpperCase(),
  ])
    assert.equal(deriveFromAccessToken(same), derived, same);
  for (const none of [
    `sgx_${digits}`,
    `sgp_${digits}0`,
    `sgp_${digits.slice(1)}`,
    `sgp_fedcba987654321_${digits}`,
    `sgp_${digits}\n`,
    `SGP_${digits}`,
    '',
  ])
    assert.equal(deriveFromAccessToken(none), null, JSON.stringify(none));
});

const examples = path.resolve(import.meta.dirname, '../../../../shared/spec/examples/07-token-derivation-vectors.json');

test('the published derivations, where they are at hand', { skip: !existsSync(examples) }, () => {
  const { sgd, slk } = JSON.parse(readFileSync(examples, 'utf8')) as {
    sgd: { dotcomToken: string; gatewayToken: string | null }[];
    slk: { licenseKey: string; gatewayToken: string }[];
  };
  assert.ok(sgd.length > 0 && slk.length > 0);
  for (const { dotcomToken, gatewayToken } of sgd) assert.equal(deriveFromAccessToken(dotcomToken), gatewayToken);
  for (const { licenseKey, gatewayToken } of slk) assert.equal(deriveFromLicenceKey(licenseKey), gatewayToken);
});
