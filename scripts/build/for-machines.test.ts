// Proves: of the rows of variables a bundle has everything but the sentences that nobody is shown by it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { variables } from '@cody-gateway/shared/config';
import { forMachines } from './for-machines.ts';

const config = path.resolve(import.meta.dirname, '../../shared/src/config');
const files = ['variables.ts', 'redis-variables.ts', 'delivery-variables.ts', 'console-variables.ts'];

test('the sentence of a variable that must be set stays, for a start that fails; those of others go', () => {
  const texts = files.map((file) => readFileSync(path.join(config, file), 'utf8'));
  const bundled = files.map((file, i) => forMachines(path.join(config, file), texts[i] ?? ''));
  const [before, after] = [texts.join(''), bundled.join('')];
  for (const { fallback, sentence, name } of Object.values(variables)) {
    assert.equal(after.includes(name), before.includes(name), name);
    if (fallback === undefined) assert.ok(after.includes(sentence), `${name} is told without its sentence`);
  }
  const gone = Object.values(variables).filter(
    ({ sentence }) => before.includes(sentence) && !after.includes(sentence),
  );
  assert.ok(gone.length > 40, `${gone.length} sentences are left out`);
  assert.deepEqual(
    gone.filter(({ fallback }) => fallback === undefined),
    [],
  );
});

test('no line but a sentence is changed, and none is lost', () => {
  for (const file of files) {
    const text = readFileSync(path.join(config, file), 'utf8');
    const [before, after] = [text.split('\n'), forMachines(path.join(config, file), text).split('\n')];
    assert.equal(after.length, before.length);
    for (const [i, line] of after.entries())
      if (line !== before[i]) assert.match(`${line}|${before[i] ?? ''}`, /^ +'',\| +(['"]).+ .+\.\1,$/);
  }
});

test('what is no table of variables stays as it is', () => {
  const text = "  row(\n    'A',\n    null,\n    'A sentence of words.',\n  )";
  assert.equal(forMachines('/x/shared/src/http/reply.ts', text), text);
});
