// Integers of 64 bits as sources write them in JSON: text or a number, read exactly. Not what they limit.

import * as v from 'valibot';

const max = 2n ** 63n;
const safeMax = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * A 64-bit integer; null where no signed one holds it: a source that casts -1 to unsigned says 1.8e19. One that is too
 * large for a double becomes the largest safe integer: a quota that nobody uses up.
 */
export const int64 = v.pipe(
  v.union([
    v.pipe(
      v.string(),
      v.regex(/^-?\d{1,40}$/),
      v.transform((value) => BigInt(value)),
    ),
    v.pipe(
      v.number(),
      v.safeInteger(),
      v.transform((value) => BigInt(value)),
    ),
    // A number that a double may not hold, as `fetchJson` hands it on.
    v.pipe(
      v.object({ rawJSON: v.string() }),
      v.transform(({ rawJSON }) => (/^-?\d+$/.test(rawJSON) ? BigInt(rawJSON) : wholeOf(Number(rawJSON)))),
    ),
  ]),
  v.transform((exact) => {
    if (exact === null || exact >= max || exact < -max) return null;
    if (exact > safeMax) return Number.MAX_SAFE_INTEGER;
    return exact < -safeMax ? Number.MIN_SAFE_INTEGER : Number(exact);
  }),
);

/** GraphQL's Int. */
export const int32 = v.pipe(v.number(), v.integer(), v.minValue(-(2 ** 31)), v.maxValue(2 ** 31 - 1));

/** Written with an exponent or a fraction. */
function wholeOf(value: number): bigint | null {
  return Number.isInteger(value) ? BigInt(value) : null;
}
