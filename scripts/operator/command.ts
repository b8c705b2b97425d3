// What a command of the operator's is: its options, what it does, and how it says that it was asked for something it can't do.

import { parseArgs, type ParseArgsConfig } from 'node:util';

/** One command, such as `subscriptions create`. */
export interface Command {
  /** The words that call it. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly help: string;
  /** Does it. @throws UsageError, or an Error whose message is for people */
  run(args: readonly string[]): Promise<Output>;
}

/** What a command has to say, for people and for programs. */
export interface Output {
  readonly text: string;
  /** The same as a JSON document. */
  readonly json: unknown;
}

/** The command line is wrong: nothing was done. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Options = NonNullable<ParseArgsConfig['options']>;
/** Options that are given once and take a value. */
type Text<Names extends string> = Readonly<Partial<Record<Names, string>>>;

/** @throws UsageError without `--yes`: what takes something from somebody is said before it is done */
export function confirm(yes: boolean, what: string): void {
  if (!yes) throw new UsageError(`this ${what}. Nothing was done: give --yes to do it`);
}

/**
 * Reads a command's own options and positional words; `--json` and `--help` are the program's and pass, and so does `--yes`.
 * @param positionals what the words mean, in their order
 * @param flagNames options that take no value
 * @throws UsageError for unknown or repeated options, missing values, missing or superfluous words
 */
export function readArguments<Names extends string>(
  args: readonly string[],
  names: readonly Names[],
  positionals: readonly string[] = [],
  flagNames: readonly string[] = [],
): {
  readonly options: Text<Names>;
  readonly words: readonly string[];
  readonly yes: boolean;
  readonly flags: ReadonlySet<string>;
} {
  const options: Options = { json: { type: 'boolean' }, yes: { type: 'boolean' } };
  for (const name of flagNames) options[name] = { type: 'boolean' };
  // As a list, so that a second one is an error and not silently the winner.
  for (const name of names) options[name] = { type: 'string', multiple: true };
  const { values, positionals: words } = parse(args, options);
  const missing = positionals[words.length];
  if (missing !== undefined) throw new UsageError(`${missing} is missing`);
  const superfluous = words[positionals.length];
  if (superfluous !== undefined) throw new UsageError(`${JSON.stringify(superfluous)} is one word too many`);
  const read: Partial<Record<Names, string>> = {};
  for (const name of names) {
    const given = values[name] as readonly string[] | undefined;
    if (given === undefined) continue;
    if (given.length > 1) throw new UsageError(`--${name} is given ${given.length} times; once is meant`);
    read[name] = given[0] ?? '';
  }
  const flags = new Set(flagNames.filter((name) => values[name] === true));
  return { options: read, words, yes: values['yes'] === true, flags };
}

function parse(args: readonly string[], options: Options): ReturnType<typeof parseArgs> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('ERR_PARSE_ARGS') !== true) throw error;
    // Node's advice on words that begin with a dash helps nobody here; its first sentence says what is wrong.
    const [first = message] = message.split(/\.\s|\n/);
    throw new UsageError(first.replace(/\.$/, ''), { cause: error });
  }
}
