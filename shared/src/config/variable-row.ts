// What a row of the tables of variables is. Not the rows (variables.ts).

/**
 * How a value is written in the environment and what it becomes. Durations are Go's (`300s`, `2m`, `1h30m`), lists are
 * split at commas, percents are a list or `none`, a time zone is a name of IANA's (`Europe/Berlin`), dollars are
 * written as `250` or `0.50` and become nano-dollars.
 */
export type Kind =
  'text' | 'secret' | 'list' | 'integer' | 'boolean' | 'duration' | 'url' | 'percents' | 'time zone' | 'dollars';

/** A variable. */
export interface Row<K extends Kind, D> {
  readonly name: string;
  readonly kind: K;
  /** `undefined`: must be set. `null`: absent is a meaning of its own. */
  readonly fallback: D;
  readonly sentence: string;
  /** Smallest and largest value of an integer, or of a duration in ms. */
  readonly range?: readonly [min: number, max: number];
  /** The texts that a text may be. */
  readonly choices?: readonly string[];
}

/** Makes a row. */
export const row = <K extends Kind, D>(
  name: string,
  kind: K,
  fallback: D,
  sentence: string,
  range?: readonly [number, number],
): Row<K, D> => (range ? { name, kind, fallback, sentence, range } : { name, kind, fallback, sentence });

/** Makes a row of a text that is one of a few. */
export const choice = <D>(
  name: string,
  choices: readonly string[],
  fallback: D,
  sentence: string,
): Row<'text', D> & { readonly choices: readonly string[] } => ({ name, kind: 'text', fallback, sentence, choices });
