// Exact decimal numbers, as prices and factors are written. Not rounded anywhere but in `roundHalfUp` and `roundUp`.

/** `units / 10 ** scale`; never negative here. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** What `parseDecimal` takes: digits, at most twelve of them after the point. */
export const decimalPattern = /^\d{1,9}(\.\d{1,12})?$/;

export const zero: Decimal = { units: 0n, scale: 0 };
export const one: Decimal = { units: 1n, scale: 0 };

/** @throws RangeError for what is not written as `decimalPattern` says */
export function parseDecimal(text: string): Decimal {
  if (!decimalPattern.test(text)) throw new RangeError(`"${text}" is not a decimal number such as 0.25`);
  const point = text.indexOf('.');
  if (point === -1) return { units: BigInt(text), scale: 0 };
  return { units: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 };
}

/** The shortest text that `parseDecimal` reads as the same number. */
export function decimalText({ units, scale }: Decimal): string {
  const digits = units.toString().padStart(scale + 1, '0');
  if (scale === 0) return digits;
  const fraction = digits.slice(-scale).replace(/0+$/, '');
  const whole = digits.slice(0, -scale);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

export function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: rescaled(a, scale) + rescaled(b, scale), scale };
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, scale: a.scale + b.scale };
}

/** Moves the point; a negative number of digits divides. */
export function shifted({ units, scale }: Decimal, digits: number): Decimal {
  return scale >= digits
    ? { units, scale: scale - digits }
    : { units: units * 10n ** BigInt(digits - scale), scale: 0 };
}

/** The nearest whole number; a half goes up. */
export function roundHalfUp({ units, scale }: Decimal): bigint {
  const unit = 10n ** BigInt(scale);
  return (units * 2n + unit) / (unit * 2n);
}

/** The smallest whole number that is not below it. */
export function roundUp({ units, scale }: Decimal): bigint {
  const unit = 10n ** BigInt(scale);
  return (units + unit - 1n) / unit;
}

/** The larger of two. */
export function greater(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return rescaled(a, scale) >= rescaled(b, scale) ? a : b;
}

function rescaled({ units, scale }: Decimal, to: number): bigint {
  return units * 10n ** BigInt(to - scale);
}
