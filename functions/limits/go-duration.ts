// Whole seconds in Go's duration text, which is what instances show: `10s`, `1h0m0s`, `24h0m0s`.

/** @param ms whole seconds in ms */
export function goDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  const [h, m, s] = [Math.trunc(seconds / 3600), Math.trunc((seconds % 3600) / 60), seconds % 60];
  if (h > 0) return `${h}h${m}m${s}s`;
  return m > 0 ? `${m}m${s}s` : `${s}s`;
}
