// What a command of the operator's is: its options, what it does, and how it says that it was asked for something it
// can't do.

import { parseArgs, type ParseArgsConfig } from 'node:util';
import { nearestNames } from '@cody-gateway/shared/catalogue';
import { UsageError, usageText } from '../terminal/usage-error.ts';

export { UsageError };

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
  /** Somebody else's text, or a program's: its lines stay as they are, however narrow the terminal is. */
  readonly verbatim?: boolean;
  /** The command has written to standard output itself, and nothing may follow there. */
  readonly streamed?: boolean;
}

type Options = NonNullable<ParseArgsConfig['options']>;
/** Options that are given once and take a value. */
type Text<Names extends string> = Readonly<Partial<Record<Names, string>>>;

/**
 * Reads a command's own options and positional words; `--json` and `--help` are the program's and pass, and so does
 * `--yes`.
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
    return parseArgs({ args: withValues(args, options), options, allowPositionals: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code?.startsWith('ERR_PARSE_ARGS') !== true) throw error;
    throw new UsageError(inWords(usageText(error as Error), code, Object.keys(options)), { cause: error });
  }
}

/** `--most -1`: the value of an option may begin with a dash where that is a number's. */
function withValues(args: readonly string[], options: Options): string[] {
  const given: string[] = [];
  for (const [at, arg] of args.entries()) {
    const option = given.at(-1);
    const before = args[at - 1];
    if (/^-\d/.test(arg) && option !== undefined && option === before && options[option.slice(2)]?.type === 'string')
      given[given.length - 1] = `${option}=${arg}`;
    else given.push(arg);
  }
  return given;
}

function inWords(text: string, code: string, names: readonly string[]): string {
  const [, option = ''] = /'--([\w-]+)/.exec(text) ?? [];
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const near = nearestNames(option, names).map((name) => `--${name}`);
    return near.length === 0 ? text : `${text}, did you mean ${near.join(' or ')}?`;
  }
  if (text.includes('argument missing') || text.includes('is ambiguous'))
    return `--${option} is given without its value`;
  return text.includes('does not take an argument') ? `--${option} takes no value` : text;
}
