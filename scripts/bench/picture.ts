// The latency distributions as one SVG: for each load a panel, for each target a line over the percentiles, so that
// tails can be seen.

const panel = { width: 420, height: 240, left: 48, bottom: 34, top: 28, right: 120 };
const colours = ['#666666', '#0b6e4f', '#c8553d', '#2b59c3', '#b58900'];
/** Where the horizontal axis has its marks: each step is a tenth of what is left. */
const marks = [0, 90, 99, 99.9];

/** @param byLoad latencies in ms by load and target */
export function picture(byLoad: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>): string {
  const panels = Object.entries(byLoad);
  const columns = 2;
  const rows = Math.ceil(panels.length / columns);
  const body = panels
    .map(([load, byTarget], i) => {
      const [x, y] = [(i % columns) * panel.width, Math.floor(i / columns) * panel.height];
      return `<g transform="translate(${x} ${y})">${panelOf(load, byTarget)}</g>`;
    })
    .join('\n');
  const [width, height] = [columns * panel.width, rows * panel.height];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>\n${body}\n</svg>\n`;
}

function panelOf(load: string, byTarget: Readonly<Record<string, readonly number[]>>): string {
  const targets = Object.entries(byTarget).map(([name, values]) => ({
    name,
    sorted: values.toSorted((a, b) => a - b),
  }));
  const top = Math.max(...targets.map(({ sorted }) => at(sorted, 99.9)));
  const [innerWidth, innerHeight] = [panel.width - panel.left - panel.right, panel.height - panel.top - panel.bottom];
  const x = (p: number): number => panel.left + (depth(p) / depth(99.9)) * innerWidth;
  const y = (ms: number): number => panel.top + innerHeight - (ms / top) * innerHeight;
  const lines = targets.map(({ name, sorted }, i) => {
    const points = Array.from({ length: 61 }, (_, step) => {
      const p = 100 - 100 / 10 ** ((step / 60) * depth(99.9));
      return `${x(p).toFixed(1)},${y(at(sorted, p)).toFixed(1)}`;
    });
    const colour = colours[i % colours.length];
    const [labelX, labelY] = [panel.width - panel.right + 8, panel.top + 12 + i * 15];
    return `<polyline fill="none" stroke="${colour}" stroke-width="1.6" points="${points.join(' ')}"/><text x="${labelX}" y="${labelY}" fill="${colour}">${name}</text>`;
  });
  const ticks = marks.map(
    (p) =>
      `<text x="${x(p)}" y="${panel.height - panel.bottom + 14}" text-anchor="middle">${p === 0 ? 'min' : `p${p}`}</text>`,
  );
  const heights = [0, top / 2, top].map(
    (ms) =>
      `<text x="${panel.left - 6}" y="${y(ms) + 4}" text-anchor="end">${ms.toFixed(0)}</text><line x1="${panel.left}" x2="${panel.left + innerWidth}" y1="${y(ms)}" y2="${y(ms)}" stroke="#dddddd"/>`,
  );
  return `<text x="${panel.left}" y="16" font-weight="bold">${load}, ms</text>${heights.join('')}${ticks.join('')}${lines.join('')}`;
}

/** How many nines a percentile has: 0, 90, 99 stand at equal distances. */
function depth(p: number): number {
  return -Math.log10(1 - p / 100);
}

function at(sorted: readonly number[], p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))] ?? 0;
}
