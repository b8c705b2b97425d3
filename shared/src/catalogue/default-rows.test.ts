// What a bundle leaves out of the release's rows is missed by nothing that reads them: the same rows are whole, with
// the same values, and each row of the files says where it is from.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { forMachines } from '../../../scripts/build/for-machines.ts';
import { parseRows } from './default-rows.ts';
import { mergeRows, type KindName } from './layers.ts';

const folder = new URL('./defaults/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));

for (const file of files)
  test(`${file}: merged from a bundle's text and from its own, rows differ in their provenance alone`, () => {
    const kind = file.slice(0, -'.json'.length) as KindName;
    const { pathname } = new URL(file, folder);
    const text = readFileSync(pathname, 'utf8');
    const merged = (rows: string) => mergeRows(kind, [{ name: 'defaults', rows: { [kind]: parseRows(rows) } }]);
    const [whole, bundled] = [merged(text), merged(forMachines(pathname, text))];
    assert.deepEqual(bundled.faults, []);
    assert.ok(bundled.rows.size > 0);
    const values = ({ rows }: typeof whole) =>
      [...rows].map(([id, { row }]) => [id, { ...row, source: null, asOf: null }]);
    assert.deepEqual(values(bundled), values(whole));
    for (const [id, { row }] of whole.rows) assert.doesNotMatch(row.source, /defaults of the release/, id);
  });
