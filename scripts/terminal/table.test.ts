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

const headings = ['ID', 'NAME', 'CHAT', 'WHY'];
const id = '6452a8fc-e650-45a7-a0a2-357f776b3b46';
const words = 'the customer asked for it in a long letter';

test('what is too long for the terminal is folded in its column; an id is not broken', () => {
  const text = formatTable(headings, [[id, 'acme', '500/24h', words]], 80);
  assert.equal(
    text,
    `${'ID'.padEnd(38)}NAME  CHAT     WHY
${id}  acme  500/24h  the customer asked for it
${' '.repeat(53)}in a long letter`,
  );
});

test('columns that have no room stand below their row, with their headings; nothing is lost, at any width', () => {
  assert.equal(
    formatTable(headings, [[id, 'acme', '500/24h', words]], 45),
    `${'ID'.padEnd(38)}NAME
${id}  acme
    CHAT 500/24h
    WHY the customer asked for it in a long
      letter`,
  );
  for (let columns = 12; columns < 130; columns++) {
    const lines = formatTable(headings, [[id, 'acme', '500/24h', words]], columns).split('\n');
    assert.ok(
      lines.every((line) => line.length <= Math.max(columns, 36)),
      String(columns),
    );
    const kept = lines.join('').replaceAll(/\s/g, '');
    for (const value of [id, 'acme', '500/24h']) assert.ok(kept.includes(value), `${columns}: ${value}`);
    for (const word of words.split(' ')) assert.ok(kept.includes(word), `${columns}: ${word}`);
  }
});
