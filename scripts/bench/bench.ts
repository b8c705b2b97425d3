// `npm run bench`: what is measured rather than tested, since a clock decides. Finds the benchmark that is meant; each
// has a file of its own.

import * as cold from './cold.ts';
import { compare, comparisonHelp, sections } from './comparison.ts';
import * as embeddings from './embeddings.ts';
import * as sync from './sync.ts';
import * as weight from './weight.ts';
import { foldHelp } from '../terminal/fold.ts';

interface Benchmark {
  /** What `--help` prints. */
  readonly help: string;
  /** @returns the exit code */
  run(args: readonly string[]): Promise<number>;
}

/** Those that stand alone. */
const benchmarks: ReadonlyMap<string, Benchmark> = new Map<string, Benchmark>([
  ['cold', cold],
  ['embeddings', embeddings],
  ['sync', sync],
  ['weight', weight],
]);

const help = `npm run bench [-- --quick] [--minutes N] [--only ${sections.join('|')}] [--json]
npm run bench -- ${[...sections, ...benchmarks.keys()].join('|')}

Without a name: what the gateway adds and carries beside a peer and two relays, all sections (${sections.join(', ')}).
cold        from the start of a process to its first answer
embeddings  what the gateway adds to 1,000 texts that are embedded
sync        time and memory of a sync of 20,000 subscriptions
weight      processor time and heap per MB of a body, by its kind
These four have options of their own: npm run bench -- cold --help.

${comparisonHelp}`;

/** @returns the exit code: 0 measured, 1 it failed or a limit is passed, 2 the command line is wrong */
async function main(args: readonly string[]): Promise<number> {
  const [name = '', ...rest] = args;
  const benchmark = benchmarks.get(name);
  if (args.includes('--help')) {
    console.log(foldHelp(benchmark?.help ?? help));
    return 0;
  }
  if (name !== '' && !name.startsWith('-') && benchmark === undefined && !sections.includes(name)) {
    console.error(
      `there is no benchmark ${JSON.stringify(name)}: give one of ${[...sections, ...benchmarks.keys()].join(', ')}`,
    );
    return 2;
  }
  try {
    if (benchmark !== undefined) return await benchmark.run(rest);
    return await compare(sections.includes(name) ? ['--only', name, ...rest] : args);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('ERR_PARSE_ARGS') !== true) throw error;
    console.error(`${message}\nnpm run bench -- --help tells more`);
    return 2;
  }
}

process.exit(await main(process.argv.slice(2)));
