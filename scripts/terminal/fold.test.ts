// No line of help is wider than 80 columns, nothing is lost by folding, and what is folded hangs where it belongs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold } from './fold.ts';

test('what follows hangs below the description, or below the indent where that stands too far right', () => {
  assert.equal(
    fold('--seed      draws the faults; the same seed draws the same', 40),
    '--seed      draws the faults; the same\n            seed draws the same',
  );
  assert.equal(
    fold(`  npm run deploy -- <function>… --env dev|prod   build, upload`, 40),
    '  npm run deploy -- <function>… --env\n    dev|prod   build, upload',
  );
  assert.equal(fold('short\n\n  too', 40), 'short\n\n  too');
});

test('words longer than a line break at a bar, or where the line ends; no word is lost', () => {
  const text = `run [--only ${'name|'.repeat(12)}last] and ${'x'.repeat(95)} end`;
  for (const columns of [20, 33, 40, 80]) {
    const folded = fold(text, columns);
    assert.ok(
      folded.split('\n').every((line) => line.length <= columns),
      folded,
    );
    assert.equal(folded.replaceAll(/\s/g, ''), text.replaceAll(/\s/g, ''));
  }
});
