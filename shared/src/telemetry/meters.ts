// The values of this process's metrics: sums, last values and histograms by their labels. Counted here in plain numbers, since a request measures
// some fifteen times; turned into OpenTelemetry's form only when somebody collects (metric-data.ts).

import { instruments, type InstrumentName } from './instruments.ts';
import type { Attributes } from './span.ts';

/** Sets of labels; what comes after that many folds into one. All of ours are closed lists, so this is for a mistake of ours. */
const labelSetsMax = 2_000;

/** What tells the series of an instrument apart. */
export type Labels = Readonly<Record<string, string | number | boolean>>;

/** Labels that were seen: one object for all that are alike, so that a series is found without comparing them. */
export interface LabelSet {
  readonly labels: Labels;
  /** The same with one label more, by that label. */
  readonly more: Map<string, LabelSet>;
}

/** One series. */
export interface Series {
  readonly labels: Labels;
  /** Sum, or last value of a gauge; of a histogram the sum of what was recorded. */
  value: number;
  /** Of a histogram: how many fell below each bound, the last is for what lies above all; empty otherwise. */
  readonly counts: number[];
}

/** All metrics of the process. */
export interface Meters {
  /** Adds to a sum, sets a gauge, records in a histogram. */
  record(name: InstrumentName, value: number, labels: LabelSet): void;
  /** The labels among these names that have a value. */
  labelsOf(attributes: Attributes, names: readonly string[]): LabelSet;
  /** One label more. */
  with(set: LabelSet, name: string, value: string): LabelSet;
  readonly series: ReadonlyMap<InstrumentName, ReadonlyMap<LabelSet, Series>>;
}

/** Makes them; no series until the first value. */
export function createMeters(): Meters {
  const all = new Map<InstrumentName, Map<LabelSet, Series>>();
  const sets = new Map<string, LabelSet>();
  const overflow: LabelSet = { labels: { 'otel.metric.overflow': true }, more: new Map() };
  let made = 0;
  const make = (into: Map<string, LabelSet>, key: string, labels: () => Labels): LabelSet => {
    if (made >= labelSetsMax) return overflow;
    made++;
    const set = { labels: labels(), more: new Map<string, LabelSet>() };
    into.set(key, set);
    return set;
  };
  return {
    series: all,
    labelsOf: (attributes, names) => {
      let key = '';
      for (const name of names) {
        const value = attributes[name];
        if (value !== null && value !== undefined) key += `${name}=${String(value)}\n`;
      }
      return sets.get(key) ?? make(sets, key, () => picked(attributes, names));
    },
    with: (set, name, value) => {
      if (set === overflow) return set;
      const key = `${name}=${value}`;
      return set.more.get(key) ?? make(set.more, key, () => ({ ...set.labels, [name]: value }));
    },
    record: (name, value, set) => {
      const about = instruments[name];
      let byLabels = all.get(name);
      if (byLabels === undefined) all.set(name, (byLabels = new Map<LabelSet, Series>()));
      let series = byLabels.get(set);
      if (series === undefined) {
        const counts = about.kind === 'histogram' ? new Array<number>(about.buckets.length + 1).fill(0) : [];
        byLabels.set(set, (series = { labels: set.labels, value: 0, counts }));
      }
      if (about.kind === 'gauge') series.value = value;
      else series.value += value;
      if (about.kind !== 'histogram') return;
      let bucket = 0;
      while (bucket < about.buckets.length && value > (about.buckets[bucket] ?? 0)) bucket++;
      series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    },
  };
}

function picked(attributes: Attributes, names: readonly string[]): Labels {
  const found: Record<string, string | number | boolean> = {};
  for (const name of names) {
    const value = attributes[name];
    if (value !== null && value !== undefined) found[name] = value;
  }
  return found;
}
