// No line of help is wider than 80 columns, nothing is lost by folding, and what is folded hangs where it belongs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold, foldHelp } from './fold.ts';

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

test('help: paragraphs and descriptions are folded as a whole, commands and names begin lines of their own', () => {
  assert.equal(
    foldHelp(`usage: npm run it

What it does, in a sentence that goes on for so long that its source has it on
two lines.

--name    of whom it is, in a description that does not end where its line ends
          in the source
--json    for programs

example:
  npm run it -- --json`),
    `usage: npm run it

What it does, in a sentence that goes on for so long that its source has it on
two lines.

--name    of whom it is, in a description that does not end where its line ends
          in the source
--json    for programs

example:
  npm run it -- --json`,
  );
  assert.equal(
    foldHelp(`A ${'long '.repeat(17)}line\nand its rest.`),
    `A ${'long '.repeat(15).trim()}\nlong long line and its rest.`,
  );
  assert.equal(
    foldHelp(`--a  ${'long '.repeat(17)}line\n     and on`),
    `--a  ${'long '.repeat(15).trim()}\n     long long line and on`,
  );
});
