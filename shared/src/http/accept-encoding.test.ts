// Proves: gzip goes to those alone who say that they take it, by the weights of RFC 9110.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takesGzip } from './accept-encoding.ts';

const taken = [
  'gzip',
  'GZip',
  'x-gzip',
  'br, gzip, deflate',
  'gzip;q=0.001',
  'deflate;q=1.0 , gzip ; Q=0.5',
  '*',
  '*;q=0.1',
  'br;q=1, *;q=0.5',
  'identity;q=0.5, gzip;q=0.5',
  'identity;q=0, *',
  'nonsense;q=7, gzip',
  ',, gzip,',
];
const refused = [
  undefined,
  '',
  'identity',
  'br, deflate, zstd',
  'gzip;q=0',
  'gzip;q=0.000',
  'gzip;q=0, *',
  'x-gzip;q=0, *;q=1',
  '*;q=0',
  'identity, gzip;q=0.9',
  'gzip;q=2',
  'gzip;q=-1',
  'gzip;q=0.1234',
  'gzip;level=1',
  'gzip br',
  'gzippy',
  'not-gzip',
];

for (const header of taken) test(`takes gzip: ${header}`, () => assert.equal(takesGzip(header), true));
for (const header of refused) test(`takes none: ${header}`, () => assert.equal(takesGzip(header), false));
