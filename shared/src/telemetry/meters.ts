// The values of this process's metrics: sums, last values and histograms by their labels. Counted here in plain
// numbers, since a request measures some fifteen times; turned into OpenTelemetry's form only when somebody collects
// (metric-data.ts).

import { instruments, type InstrumentName } from './instruments.ts';
import type { Attributes } from './span.ts';

/**
 * Sets of labels; what comes after that many folds into one. All labels are closed lists, so this is for a mistake of
 * ours.
 */
const labelSetsMax = 2_000;

/** What tells the series of an instrument apart. */
export type Labels = Readonly<Record<string, string | number | boolean>>;

/** Labels that were seen: one object for all that are alike, so that a series is found without comparing them. */
export interface LabelSet {
  readonly labels: Labels;
  /** The same with one label more, by its name and value. */
  readonly more: Map<string, Map<string | number | boolean, LabelSet>>;
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
  /** The labels among these names that have a value. @param names one list for all calls alike */
  labelsOf(attributes: Attributes, names: readonly string[]): LabelSet;
  /** One label more. */
  with(set: LabelSet, name: string, value: string | number | boolean): LabelSet;
  readonly series: ReadonlyMap<InstrumentName, ReadonlyMap<LabelSet, Series>>;
}

/** Makes them; no series until the first value. */
export function createMeters(): Meters {
  const all = new Map<InstrumentName, Map<LabelSet, Series>>();
  const none: LabelSet = { labels: {}, more: new Map() };
  const overflow: LabelSet = { labels: { 'otel.metric.overflow': true }, more: new Map() };
  let sets = 0;
  const withLabel: Meters['with'] = (set, name, value) => {
    let byValue = set.more.get(name);
    if (byValue === undefined) set.more.set(name, (byValue = new Map<string | number | boolean, LabelSet>()));
    const known = byValue.get(value);
    if (known !== undefined) return known;
    if (set === overflow || sets >= labelSetsMax) return overflow;
    sets++;
    const made: LabelSet = { labels: { ...set.labels, [name]: value }, more: new Map() };
    byValue.set(value, made);
    return made;
  };
  const labelsOf: Meters['labelsOf'] = (attributes, names) => {
    let set = none;
    for (const name of names) {
      const value = attributes[name];
      if (value !== null && value !== undefined) set = withLabel(set, name, value);
    }
    return set;
  };
  /** By lists of names, of which there is a handful. */
  const frozen = new Map<readonly string[], WeakMap<Attributes, LabelSet>>();
  return {
    series: all,
    with: withLabel,
    labelsOf: (attributes, names) => {
      if (!Object.isFrozen(attributes)) return labelsOf(attributes, names);
      let known = frozen.get(names);
      if (known === undefined) frozen.set(names, (known = new WeakMap<Attributes, LabelSet>()));
      let set = known.get(attributes);
      if (set === undefined) known.set(attributes, (set = labelsOf(attributes, names)));
      return set;
    },
    record: (name, value, set) => {
      const about = instruments[name];
      let byLabels = all.get(name);
      if (byLabels === undefined) all.set(name, (byLabels = new Map<LabelSet, Series>()));
      let series = byLabels.get(set);
      if (series === undefined) {
        const counts = about.kind === 'histogram' ? [0, ...about.buckets.map(() => 0)] : [];
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
