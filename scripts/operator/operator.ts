// `npm run gateway`: the operator's command. Finds the command that is meant, prints what it says; what commands do is
// in their own files.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { UsageError, type Command } from './command.ts';
import { meantBy, nouns } from './commands.ts';
import { helpPage } from './help-page.ts';
import { exitWith } from '../terminal/exit.ts';
import { fold } from '../terminal/fold.ts';
import { terminalColumns } from '../terminal/output.ts';

const program = 'npm run gateway --';

const overview = `The gateway by an operator's hand: on the local cloud of npm start, or with
--project on a real one.

usage: ${program} <noun> <verb> [options]

${[...nouns.values()].map(summaries).join('\n\n')}

${program} <noun>                lists its verbs
${program} <noun> <verb> --help  tells more of one, with examples
${program} --version
`;

function summaries(some: readonly Command[]): string {
  const width = Math.max(24, ...some.map(({ name }) => name.length));
  return some.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n');
}

/** @returns the exit code: 0 done, 1 it failed, 2 the command line is wrong */
async function main(args: readonly string[]): Promise<number> {
  const end = args.findIndex((arg) => arg.startsWith('-'));
  const [first, ...words] = args.slice(0, end === -1 ? undefined : end);
  if (first === 'help') return main([...words, '--help']);
  const wantsHelp = args.includes('--help') || args.includes('-h');
  if (first === undefined) {
    if (args.includes('--version')) return print(`gateway ${version()}\n`, 0);
    if (wantsHelp || args.length === 0) return print(fold(overview), wantsHelp ? 0 : 2);
    return complain(`a noun and a verb come first, then ${args[0] ?? ''}`, `${program} --help lists them`, 2);
  }
  const meant = meantBy([first, ...words].slice(0, 2));
  if ('unknown' in meant) {
    const hint = [...(meant.hint === null ? [] : [meant.hint]), `${program} --help lists all`].join(' ');
    return complain(`there is no command ${JSON.stringify(meant.unknown)}`, hint, 2);
  }
  if ('noun' in meant)
    return print(
      fold(
        `usage: ${program} ${meant.noun} <verb> [options]\n\n${summaries(meant.commands)}\n\n${program} ${meant.noun} <verb> --help  tells more, with examples\n`,
      ),
      0,
    );
  const { command } = meant;
  if (wantsHelp) return print(helpPage(command.help), 0);
  try {
    const { text, json, verbatim = false, streamed = false } = await command.run(args.slice(2));
    if (streamed) return 0;
    if (args.includes('--json')) return print(`${JSON.stringify(json, null, 2)}\n`, 0);
    return print(`${verbatim ? text : folded(text)}\n`, 0);
  } catch (error) {
    // Whoever reads it has seen enough.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return 1;
    if (error instanceof UsageError) return complain(error.message, `${program} ${command.name} --help tells more`, 2);
    return complain(error instanceof Error ? error.message : String(error), null, 1);
  }
}

/** As wide as the terminal is; a line to be pasted stays one. */
function folded(text: string): string {
  const columns = terminalColumns();
  return text
    .split('\n')
    .map((line) => (line.startsWith('  curl ') ? line : fold(line, columns)))
    .join('\n');
}

function version(): string {
  const file = path.resolve(import.meta.dirname, '../../package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function print(text: string, code: number): number {
  process.stdout.write(text);
  return code;
}

function complain(what: string, hint: string | null, code: number): number {
  const text = `gateway: ${what}\n${hint === null ? '' : `${hint}\n`}`;
  const { isTTY, columns } = process.stderr;
  process.stderr.write(isTTY ? fold(text, columns > 0 ? columns : undefined) : text);
  return code;
}

const code = await main(process.argv.slice(2));
// Firestore's client may still be trying something that nobody waits for.
await exitWith(code);
