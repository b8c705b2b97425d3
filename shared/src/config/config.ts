// Door of the configuration room: the environment, read once, checked as a whole. The only place that reads
// process.env.

import { durationMs } from './duration.ts';
import { unreadVariables, type UnreadVariable } from './unread-variables.ts';
import { variables, type Kind } from './variables.ts';

export { durationMs, goDuration } from './duration.ts';
export type { UnreadVariable } from './unread-variables.ts';
export { variables } from './variables.ts';

type Value<K extends Kind> = K extends 'list'
  ? readonly string[]
  : K extends 'integer' | 'duration' | 'dollars'
    ? number
    : K extends 'boolean'
      ? boolean
      : K extends 'percents'
        ? readonly number[]
        : string;
type Rows = typeof variables;

/** All settings by name (variables.ts); durations in milliseconds; null where absence has a meaning. */
export type Config = {
  readonly [N in keyof Rows]: Rows[N]['fallback'] extends null ? Value<Rows[N]['kind']> | null : Value<Rows[N]['kind']>;
} & {
  /**
   * The value of a secret by the name of its variable, as the catalogue's rows name the keys of homes; null: it is not
   * mounted.
   */
  readonly secretNamed: (name: string) => string | null;
  /** Variables that are set, look like ours or the original gateway's, and are not in the table. */
  readonly unread: readonly UnreadVariable[];
};

/** Every fault of the environment in one message, so that an operator mends them all at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`bad configuration:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/**
 * Reads and checks the environment.
 * @throws ConfigError with every fault; it never contains a secret's value.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const faults: string[] = [];
  const config: Record<string, unknown> = {};
  for (const [key, row] of Object.entries(variables)) {
    const given = env[row.name];
    // Set but empty is "not set": deployment tools can't always leave a variable out.
    const text = given === undefined || given === '' ? row.fallback : given;
    if (text === null) config[key] = null;
    else if (text === undefined) faults.push(`${row.name} is not set. ${row.sentence}`);
    else {
      const value =
        'choices' in row && !row.choices.includes(text)
          ? new Fault(`is none of ${row.choices.join(', ')}`)
          : parse(row.kind, text, 'range' in row ? row.range : undefined);
      if (value instanceof Fault)
        faults.push(`${row.name}: ${row.kind === 'secret' ? 'its value' : JSON.stringify(text)} ${value.why}`);
      else config[key] = value;
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    ...config,
    bigqueryProjectId: config['bigqueryProjectId'] ?? config['googleCloudProject'],
    secretNamed: (name) => {
      const value = Object.hasOwn(env, name) ? env[name] : undefined;
      return value === undefined || value === '' ? null : value;
    },
    unread: unreadVariables(Object.keys(env), new Set(Object.values(variables).map(({ name }) => name))),
  } as Config;
}

/** The billing time zone alone, for programs that are no function. @throws ConfigError */
export function loadTimeZone(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const { name, kind, fallback } = variables.billingTimeZone;
  const text = env[name] ?? '';
  const value = parse(kind, text === '' ? fallback : text);
  if (value instanceof Fault) throw new ConfigError([`${name}: ${JSON.stringify(text)} ${value.why}`]);
  return value as string;
}

class Fault {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

function parse(kind: Kind, text: string, range: readonly [number, number] = [0, Number.MAX_SAFE_INTEGER]): unknown {
  switch (kind) {
    case 'text':
    case 'secret':
      return text;
    case 'list': {
      const items = text.split(',').filter((item) => item !== '');
      return items.length > 0 ? items : new Fault('is an empty list');
    }
    case 'percents': {
      if (text === 'none') return [];
      const items = text.split(',').map((item) => (/^\d{1,3}$/.test(item) ? Number(item) : Number.NaN));
      return items.every((item) => item >= 1 && item <= 100)
        ? items.toSorted((a, b) => a - b)
        : new Fault('is neither none nor a list of whole numbers from 1 to 100');
    }
    case 'integer': {
      const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
      return value >= range[0] && value <= range[1]
        ? value
        : new Fault(`is not a whole number from ${range[0]} to ${range[1]}`);
    }
    case 'boolean':
      // Go's strconv.ParseBool (shared/COMPATIBILITY.md#variable-names).
      if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
      return /^(0|f|F|false|FALSE|False)$/.test(text) ? false : new Fault('is neither true nor false');
    case 'duration': {
      const ms = durationMs(text);
      if (ms === null || ms <= 0) return new Fault('is not a duration above zero such as 300s, 2m or 1h30m');
      return ms >= range[0] && ms <= range[1]
        ? ms
        : new Fault(`is not a duration from ${range[0]} ms to ${range[1] / 1_000} s`);
    }
    case 'time zone':
      return isTimeZone(text) ? text : new Fault('is no time zone such as UTC or Europe/Berlin');
    case 'dollars': {
      const [whole = '', fraction = ''] = text.split('.');
      return /^\d{1,7}(\.\d{1,9})?$/.test(text) && Number(text) <= 9_000_000
        ? Number(whole + fraction.padEnd(9, '0'))
        : new Fault('is no amount of dollars up to 9000000 such as 250 or 0.50');
    }
    case 'url':
      if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return new Fault('is not an http:// or https:// URL');
      return text.replace(/\/+$/, '');
  }
}

function isTimeZone(name: string): boolean {
  try {
    // Offsets (`+02:00`) are taken too, and the warehouse knows those, but no change of clocks.
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '' && /^[A-Z]/i.test(name);
  } catch {
    return false;
  }
}
