// Parsing in turns gives what JSON.parse gives, of whatever text, and no turn parses more than its share.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../scripts/test/draws.ts';
import { parseInTurns } from './json-in-turns.ts';

const weightMax = 10_000_000;
const repeated = (item: string, count: number): string => Array(count).fill(item).join(',');

/** What comes of a text: the value written again, or the name of the fault. */
const outcome = async (parse: () => unknown): Promise<string> => {
  try {
    return JSON.stringify(await parse());
  } catch (error) {
    return (error as Error).name;
  }
};

test('heavy texts, right and wrong, come out as from JSON.parse', async () => {
  const light = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value));
  const heavy = fc.constantFrom(
    `[${repeated('0.5', 60_000)}]`,
    `{"data":[${repeated('{"embedding":[1,2]}', 9_000)}],"usage":{"n":1}}`,
    `[[[${repeated('[]', 30_000)}]]]`,
  );
  const glue = fc.constantFrom(',', ',', ',', ' , ', ',,', ' ', ':', ']', '}', '"');
  const pieces = fc.array(fc.oneof(light, heavy, glue), { minLength: 1, maxLength: 5 });
  const text = fc.tuple(pieces, heavy, fc.constantFrom('[]', '{}', '[}')).map(([parts, one, brackets]) => {
    const members =
      brackets === '{}'
        ? [...parts, one].map((part, i) => `"${i % 3 === 2 ? '__proto__' : i}":${part}`)
        : [...parts, one];
    return ` ${brackets[0] ?? ''}${members.join(',')}${brackets[1] ?? ''}\n`;
  });
  await fc.assert(
    fc.asyncProperty(text, async (json) => {
      const expected = await outcome(() => JSON.parse(json));
      assert.equal(await outcome(() => parseInTurns(json, { weightMax, turn: () => Promise.resolve() })), expected);
    }),
    { numRuns: 60 },
  );
});

test('what stands where no member may is a fault, as it is to JSON.parse', async () => {
  const heavy = repeated('1', 60_000);
  for (const text of [
    `[${heavy},]`,
    `[,${heavy}]`,
    `{"a":[${heavy}],}`,
    `[${heavy}]1`,
    `{"a" [${heavy}]}`,
    `{a:[${heavy}]}`,
    `{"a":[${heavy}]`,
  ])
    assert.equal(await outcome(() => parseInTurns(text, { weightMax })), 'SyntaxError');
});

test('a text of a million numbers takes at least as many turns as it weighs, whole or in lists', async () => {
  for (const text of [
    `[${repeated('1', 1e6)}]`,
    `{"outputs":[{"data":[${repeated('1', 1e6)}]}]}`,
    `[${repeated(`[${repeated('1', 1_000)}]`, 1_000)}]`,
  ]) {
    let turns = 0;
    const value = await parseInTurns(text, { weightMax, turn: () => Promise.resolve(void turns++) });
    assert.equal(JSON.stringify(value), text);
    assert.ok(turns >= 20, `${turns} turns`);
  }
});

test('what weighs more than is allowed, or is nested too deeply, is not parsed', async () => {
  await assert.rejects(parseInTurns(`[${repeated('[]', 1_000)}]`, { weightMax: 2_900 }), RangeError);
  await assert.rejects(parseInTurns('['.repeat(1e6), { weightMax }), RangeError);
});
