// A chart of bars as SVG that any width may stretch; its labels are HTML, so that a phone shrinks no letter. It sets
// sizes by attributes alone: the page's policy allows no style of an element's own.

import { countText, moneyText, percentText } from './cell-text.ts';
import { html, type Content, type Html } from './html.ts';
import type { Bar, Chart } from './page.ts';

const width = 1_000;
const height = 160;
/** Of a bar's place, what stays free. */
const gap = 0.28;

/** The chart with its scale and its first and last label. */
export function barsHtml({ title, bars, kind }: Chart): Html {
  const text = (value: number): string => (kind === 'money' ? moneyText(value) : countText(value));
  const most = Math.max(...bars.flatMap(({ value, before }) => [value, before ?? 0]), 0);
  const [first, last] = [bars[0], bars.at(-1)];
  const middle = bars.length > 8 ? bars[Math.floor(bars.length / 2)] : undefined;
  return html`<figure class="chart">
    <figcaption>${title}</figcaption>
    <div class="plot">
      <span class="scale">${text(most)}</span
      ><svg
        viewBox="0 0 ${width} ${height}"
        preserveAspectRatio="none"
        role="img"
        aria-label="${title}: ${summary(bars, text)}"
      >
        ${bars.map((bar, at) => barHtml(bar, at, { count: bars.length, most, text }))}
      </svg>
    </div>
    <div class="labels" aria-hidden="true">
      <span>${first?.label}</span><span>${middle?.label}</span><span>${bars.length > 1 && last?.label}</span>
    </div>
  </figure>`;
}

interface Scale {
  readonly count: number;
  readonly most: number;
  readonly text: (value: number) => string;
}

function barHtml({ label, value, before, open }: Bar, at: number, { count, most, text }: Scale): Content {
  const place = width / count;
  const tall = (amount: number): number => (most === 0 ? 0 : Math.max(amount > 0 ? 1 : 0, (amount / most) * height));
  const rect = (amount: number, share: number, kind: string): Content => {
    const [wide, high] = [place * (1 - gap) * share, tall(amount)];
    const x = at * place + (place - wide) / 2;
    return html`<rect
      class="${kind}"
      x="${round(x)}"
      y="${round(height - high)}"
      width="${round(wide)}"
      height="${round(high)}"
    />`;
  };
  const compared = before === null ? '' : `, before ${text(before)}`;
  return html`<g
    ><title>${label}: ${text(value)}${compared}${open && ', not final yet'}</title
    >${before !== null && rect(before, 1, 'before')}${rect(value, before === null ? 1 : 0.55, open ? 'bar open' : 'bar')}</g
  >`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

function summary(bars: readonly Bar[], text: (value: number) => string): string {
  const top = bars.toSorted((a, b) => b.value - a.value)[0];
  return top === undefined ? 'no bars' : `${bars.length} bars, the highest ${top.label} with ${text(top.value)}`;
}

/** A share of 1 as a small bar in a cell. */
export function shareHtml(share: number): Html {
  const wide = Math.max(0, Math.min(1, share)) * 100;
  return html`<svg
    class="share"
    viewBox="0 0 100 10"
    preserveAspectRatio="none"
    role="img"
    aria-label="${percentText(share)}"
  >
    <rect class="rest" width="100" height="10" />
    <rect class="bar" width="${round(wide)}" height="10" />
  </svg>`;
}
