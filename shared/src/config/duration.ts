// Go's duration text (`1h30m`, `300s`, `50ms`), which the original gateway reads from its environment and writes for
// instances. Both directions.

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A duration in milliseconds; null when the text is not one. */
export function durationMs(text: string): number | null {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    total += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  return total;
}

/** Whole seconds as Go writes them: `10s`, `1h0m0s`, `24h0m0s`. What is less than a second is cut off. */
export function goDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  const [h, m, s] = [Math.trunc(seconds / 3600), Math.trunc((seconds % 3600) / 60), seconds % 60];
  if (h > 0) return `${h}h${m}m${s}s`;
  return m > 0 ? `${m}m${s}s` : `${s}s`;
}
