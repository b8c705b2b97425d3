// Arbitraries of the fuzz over all surfaces: a JSON value that was right, changed at a few of its places, and how its
// bytes arrive.

import fc from 'fast-check';

/** What JSON holds. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const text = fc.string({ unit: 'binary', maxLength: 40 });
/** What a member may be by mistake or by malice. */
const value: fc.Arbitrary<Json> = fc.oneof(
  fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }) as fc.Arbitrary<Json>,
  fc.constantFrom<Json>(null, '', 0, -1, 2 ** 53, 1e308, [], {}, [[]], [{}], true, 'a'.repeat(5_000)),
  fc.constantFrom('__proto__', 'constructor', 'toString').map((name) => JSON.parse(`{"${name}":{"a":1}}`) as Json),
);
const change = fc.record({
  at: fc.nat(10_000),
  how: fc.constantFrom('replace', 'replace', 'remove', 'rename', 'repeat', 'wrap'),
  value,
  name: text,
});

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
type Container = Record<string, Json>;

/** The value, often as it is; else changed at up to three places. */
export const changed = (base: Json): fc.Arbitrary<Json> =>
  fc.array(change, { maxLength: 3 }).map((changes) => {
    const root: Container = { value: structuredClone<Json>(base) };
    for (const one of changes) apply(root, one);
    return root['value'] ?? null;
  });

function apply(root: Container, { at, how, value: given, name }: Change): void {
  const places: [container: Container, key: string][] = [];
  const left: Container[] = [root];
  for (let next = left.pop(); next !== undefined; next = left.pop())
    for (const key of Object.keys(next)) {
      places.push([next, key]);
      const member = next[key];
      if (typeof member === 'object' && member !== null) left.push(member as Container);
    }
  const [container, key] = places[at % places.length] ?? [root, 'value'];
  const member = container[key] ?? null;
  if (how === 'remove') delete container[key];
  else if (how === 'rename') container[name] = member;
  else if (how === 'repeat') container[key] = Array.from({ length: 20 }, () => structuredClone<Json>(member));
  // A copy: what is drawn is drawn again, and a later change may be within it, or put it into itself.
  else container[key] = how === 'wrap' ? [member] : structuredClone<Json>(given);
}

/** A text's bytes: whole, cut off, or with noise in front. */
export const bytesOf = (json: string): fc.Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 10, arbitrary: fc.constant(Buffer.from(json)) },
    { weight: 1, arbitrary: fc.nat(json.length).map((end) => Buffer.from(json.slice(0, end))) },
    {
      weight: 1,
      arbitrary: fc.uint8Array({ maxLength: 50 }).map((noise) => Buffer.concat([noise, Buffer.from(json)])),
    },
  );

/** Where bytes are cut into writes of their own. */
export const cuts = fc.array(fc.nat(2_000), { maxLength: 3 }).map((at) => at.toSorted((a, b) => a - b));
