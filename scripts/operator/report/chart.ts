// The report's charts as SVG text: made by Observable Plot in a document without a browser. Colours are the page's
// variables, so that they follow its theme.

import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const width = 900;
const barHeight = 26;
const axisHeight = 64;
/** Room for the axis's name below its numbers. */
const marginBottom = 44;
const labelOffset = 38;
/** Room for a name of labelLengthMax characters. */
const labelWidth = 270;
const labelLengthMax = 36;
/** As in page.css; distinguishable without seeing hue. */
const colours = ['var(--series-1)', 'var(--series-2)', 'var(--series-3)', 'var(--series-4)'];

const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as { readonly document: never };
const base = { document, width, style: { fontSize: '12px' } };

/** One bar. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Read out and shown on hovering. */
  readonly title: string;
}

/** Bars over time, oldest first. */
export function columns(name: string, unit: string, bars: readonly Bar[]): string {
  // Every label would be one black line: about ten are enough to read a date by.
  const every = Math.max(1, Math.ceil(bars.length / 10));
  return svg({
    ...base,
    ariaLabel: name,
    height: 220,
    // Room for amounts of a few millionths of a dollar, which is what a young gateway has.
    marginLeft: 84,
    x: { label: null, type: 'band', tickFormat: (day: string, i: number) => (i % every === 0 ? day.slice(5) : '') },
    y: { label: unit, grid: true, zero: true },
    marks: [Plot.barY(bars, { x: 'label', y: 'value', fill: colours[0] ?? '', title: 'title' }), Plot.ruleY([0])],
  });
}

/** Bars beside each other, largest first. */
export function rows(name: string, unit: string, bars: readonly Bar[]): string {
  return svg({
    ...base,
    ariaLabel: name,
    height: bars.length * barHeight + axisHeight,
    marginLeft: labelWidth,
    marginBottom,
    x: { label: unit, labelOffset, grid: true, zero: true },
    y: { label: null, domain: bars.map(({ label }) => label), tickFormat: shorten },
    marks: [Plot.barX(bars, { y: 'label', x: 'value', fill: colours[0] ?? '', title: 'title' }), Plot.ruleX([0])],
  });
}

/** A part of a bar. */
export interface Piece extends Bar {
  readonly series: string;
}

/** Stacked bars with a legend: over time, or beside each other. */
export function stacked(name: string, unit: string, pieces: readonly Piece[], direction: 'columns' | 'rows'): string {
  const series = [...new Set(pieces.map((piece) => piece.series))].sort((a, b) => a.localeCompare(b));
  const labels = [...new Set(pieces.map(({ label }) => label))];
  const every = Math.max(1, Math.ceil(labels.length / 10));
  const color = { domain: series, range: series.map((_, i) => colours[i % colours.length] ?? ''), legend: true };
  const value = { label: unit, grid: true, zero: true };
  if (direction === 'rows')
    return svg({
      ...base,
      ariaLabel: name,
      height: labels.length * barHeight + axisHeight,
      marginLeft: labelWidth,
      marginBottom,
      color,
      x: { ...value, labelOffset },
      y: { label: null, domain: labels, tickFormat: shorten },
      marks: [Plot.barX(pieces, { y: 'label', x: 'value', fill: 'series', title: 'title' }), Plot.ruleX([0])],
    });
  return svg({
    ...base,
    ariaLabel: name,
    height: 220,
    marginLeft: 84,
    color,
    x: { label: null, type: 'band', tickFormat: (day: string, i: number) => (i % every === 0 ? day.slice(5) : '') },
    y: value,
    marks: [Plot.barY(pieces, { x: 'label', y: 'value', fill: 'series', title: 'title' }), Plot.ruleY([0])],
  });
}

/** Points on a logarithmic scale, for what spans milliseconds to minutes. */
export function points(name: string, unit: string, dots: readonly Piece[]): string {
  const series = [...new Set(dots.map((dot) => dot.series))];
  const labels = [...new Set(dots.map(({ label }) => label))];
  const symbols = ['circle', 'triangle', 'square', 'diamond'] as const;
  return svg({
    ...base,
    ariaLabel: name,
    height: labels.length * barHeight + axisHeight,
    marginLeft: labelWidth,
    marginBottom,
    marginRight: 30,
    color: { domain: series, range: series.map((_, i) => colours[i % colours.length] ?? '') },
    symbol: { domain: series, range: series.map((_, i) => symbols[i % symbols.length] ?? 'circle'), legend: true },
    x: { label: unit, labelOffset, grid: true, type: 'log', tickFormat: '~s' },
    y: { label: null, type: 'point', domain: labels, tickFormat: shorten },
    marks: [Plot.dot(dots, { y: 'label', x: 'value', fill: 'series', symbol: 'series', r: 5, title: 'title' })],
  });
}

function shorten(label: string): string {
  return label.length > labelLengthMax ? `${label.slice(0, labelLengthMax - 1)}…` : label;
}

/** What is used of the element that Plot makes: this program has no types of a browser's. */
interface Element {
  readonly tagName: string;
  readonly outerHTML: string;
  querySelectorAll(selector: string): Iterable<Element>;
  setAttribute(name: string, value: string): void;
}

function svg(options: Plot.PlotOptions): string {
  const plot = Plot.plot(options) as unknown as Element;
  // With a legend it is a figure, and its last picture is the chart.
  const picture = plot.tagName.toLowerCase() === 'svg' ? plot : [...plot.querySelectorAll('svg')].at(-1);
  picture?.setAttribute('role', 'img');
  return plot.outerHTML;
}
