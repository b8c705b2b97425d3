// What heavy JSON is made of, for tests of what it costs to whoever reads it; and how that is measured.

import fc from 'fast-check';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

export { seed } from './draws.ts';

/** What a body is made of: many of one kind behind each other, in lists and objects. */
const kinds: Readonly<Record<string, (i: number) => string>> = {
  ones: () => '1',
  'numbers of many digits': (i) => `0.${i}12345678901234567`,
  'numbers beyond a double': () => '1e99',
  fractions: (i) => `${i / 7}`,
  'empty texts': () => '""',
  'short texts': (i) => `"t${i}"`,
  'texts with escapes': () => '"\\u0416\\n\\"\\\\"',
  'empty lists': () => '[]',
  'nested lists': () => '[[[]]]',
  'deep lists': () => '['.repeat(900) + ']'.repeat(900),
  'empty objects': () => '{}',
  'objects alike': () => '{"a":1,"b":2}',
  'objects of their own': (i) => `{"k${i}":1}`,
  'objects with two of their own': (i) => `{"k${i}":{},"l${i}":[]}`,
  'objects with indexes': (i) => `{"${i * 7_919}":1}`,
  words: () => 'null',
  blanks: () => '1\n      ',
  'long texts': () => `"${'a'.repeat(20_000)}"`,
  'long texts with quotes': () => `"${'a\\"'.repeat(7_000)}"`,
};
/** A list or an object of so many bytes, of up to three kinds. */
export const heavy = (bytesMax: number): fc.Arbitrary<{ readonly names: readonly string[]; readonly value: string }> =>
  fc
    .tuple(
      fc.array(fc.constantFrom(...Object.keys(kinds)), { minLength: 1, maxLength: 3 }),
      fc.constantFrom('list', 'object'),
    )
    .map(([names, container]) => {
      const parts: string[] = [];
      for (let bytes = 0, i = 0; bytes < bytesMax; i++) {
        const item = kinds[names[i % names.length] ?? '']?.(i) ?? '';
        parts.push(container === 'list' ? item : `"m${i}":${item}`);
        bytes += item.length + 4;
      }
      return { names, value: container === 'list' ? `[${parts.join(',')}]` : `{${parts.join(',')}}` };
    });

/** Processor time of some work, in ms. */
export function cost(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** What is kept alive by a value, in bytes. */
export function heapOf(make: () => unknown): number {
  collect();
  const before = process.memoryUsage().heapUsed;
  const kept = { value: make() };
  collect();
  const bytes = process.memoryUsage().heapUsed - before;
  return kept.value === kept ? 0 : bytes;
}
