// A column that the code writes and Terraform does not create is named, and so is every other difference between the
// two.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnFaults } from './columns.ts';

const written = {
  name: { type: 'STRING', mode: 'REQUIRED' },
  first_byte_ms: { type: 'INTEGER', mode: 'NULLABLE' },
} as const;
const created = Object.entries(written).map(([name, column]) => ({ name, ...column }));

test('what is missing on either side, of another type or mode, or there twice is named', () => {
  assert.deepEqual(columnFaults(written, created), []);
  assert.deepEqual(
    columnFaults(written, [created[0] as (typeof created)[0], { name: 'first_byte_ms', type: 'INTEGER' }]),
    [],
  );
  assert.match(
    columnFaults(written, created.slice(0, 1)).join(),
    /no column first_byte_ms: add it, INTEGER and NULLABLE/,
  );
  assert.match(
    columnFaults(written, [...created, { name: 'left_over', type: 'STRING' }]).join(),
    /nothing writes left_over/,
  );
  const other = (more: object) =>
    columnFaults(
      written,
      created.map((column) => ({ ...column, ...(column.name === 'name' && more) })),
    );
  assert.match(other({ type: 'JSON' }).join(), /name is JSON and REQUIRED, but rows are written with STRING/);
  assert.match(other({ mode: 'NULLABLE' }).join(), /name is STRING and NULLABLE/);
  assert.match(columnFaults(written, [...created, ...created]).join(), /twice/);
});
