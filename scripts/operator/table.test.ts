// A name from a source, however it is written, is one cell of one line in an operator's table.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTable } from './table.ts';

test('a name that would clear the screen, turn the direction or add a row does none of it', () => {
  const name = 'Acme\u001b[2J\u202E\n98765432  fake\r';
  assert.equal(
    formatTable(
      ['ID', 'NAME'],
      [
        ['1', name],
        ['2', 'b'],
      ],
    ),
    'ID  NAME\n1   Acme 98765432  fake\n2   b',
  );
});
