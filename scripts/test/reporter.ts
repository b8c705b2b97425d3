// What `npm test` prints: a line a test, and at the end of all what failed: the assertion first, our own lines of its
// stack, and how to run it again.

import path from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');
const stackLinesMax = 6;

/** A test that failed. */
interface Failure {
  readonly name: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly error: unknown;
}

/** The reporter that the runner is given. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const color = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
  const paint = (code: number, text: string): string => (color ? `\u001B[${code}m${text}\u001B[0m` : text);
  const failures: Failure[] = [];
  const names: string[] = [];
  let without = 0;
  for await (const event of events) {
    switch (event.type) {
      case 'test:start':
        names[event.data.nesting] = event.data.name;
        break;
      case 'test:pass': {
        const { name, nesting, details, skip, todo, file } = event.data;
        // The runner takes a file in which no test ran for one that passed.
        if (nesting === 0 && file !== undefined && path.resolve(root, name) === file) {
          without++;
          yield `${paint(33, '○')} ${name}: no test in it ran\n`;
          break;
        }
        const left = skip !== undefined ? ' (skipped)' : todo !== undefined ? ' (to do)' : '';
        const seconds = left === '' ? `  ${took(details.duration_ms)}` : left;
        yield `${'  '.repeat(nesting)}${paint(32, '✔')} ${name}${seconds}\n`;
        break;
      }
      case 'test:fail': {
        const { name, nesting, details, file, line } = event.data;
        yield `${'  '.repeat(nesting)}${paint(31, '✖')} ${name}  ${took(details.duration_ms)}\n`;
        const above = names.slice(0, nesting);
        if (!onlyBelow(details.error))
          failures.push({ name: [...above, name].join(' > '), file, line, error: details.error });
        break;
      }
      case 'test:diagnostic':
        // The runner's own sums come below.
        if (event.data.nesting > 0 || event.data.file !== undefined) yield `  ${event.data.message}\n`;
        break;
      case 'test:stdout':
      case 'test:stderr':
        yield event.data.message;
        break;
      case 'test:summary': {
        // Once for each file, and at last without one.
        if (event.data.file !== undefined) break;
        const { counts, duration_ms: ms } = event.data;
        const [passed, tests] = [counts.passed - without, counts.tests - without];
        if (tests === 0) {
          process.exitCode = 1;
          yield '\nno test ran: names are found by their text, or by a /pattern/\n';
        }
        yield failures.map((failure) => `\n${describe(failure, paint)}`).join('');
        const parts = [
          `${passed} passed`,
          ...(failures.length > 0 ? [paint(31, `${failures.length} failed`)] : []),
          ...(counts.cancelled > 0 ? [paint(31, `${counts.cancelled} cancelled`)] : []),
          ...(counts.skipped > 0 ? [`${counts.skipped} skipped`] : []),
          ...(counts.todo > 0 ? [`${counts.todo} to do`] : []),
        ];
        yield `\n${parts.join(', ')} in ${took(ms)}\n`;
        // A line that other programs read: nothing else on it, no colour.
        const { skipped, todo } = counts;
        yield `${passed} passed, ${tests - passed - skipped - todo} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`;
        break;
      }
      default:
      // What else the runner tells is for other programs.
    }
  }
}

/** What failed in words: assertion, place, how to run it again. @param paint colours, where there are some */
export function describe(
  { name, file, line, error }: Failure,
  paint = (_code: number, text: string): string => text,
): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const [message, stack] = parts(cause);
  const own = stack
    .filter((frame) => !/node:internal|\(node:|at node:|node_modules/.test(frame))
    .slice(0, stackLinesMax)
    .map((frame) => frame.replaceAll(`${pathToFileURL(root).href}/`, '').trim());
  const place = file === undefined ? null : path.relative(root, file);
  const where = place === null ? '' : ` (${place}${line === undefined ? '' : `:${line}`})`;
  const lines = [
    `${paint(31, '✖')} ${name}${where}`,
    ...indent(message),
    ...own.map((frame) => `    ${paint(90, frame)}`),
  ];
  if (place !== null) lines.push(`  again: npm test -- ${quoted(place)}`);
  return `${lines.join('\n')}\n`;
}

/** The message, and the lines of the stack. */
function parts(cause: unknown): [message: string, stack: string[]] {
  if (cause === 'test failed') return ['the file failed outside of its tests: its output stands above', []];
  if (!(cause instanceof Error)) return [typeof cause === 'string' ? cause : inspect(cause), []];
  const stack = (cause.stack ?? '').split('\n').filter((text) => /^\s+at /.test(text));
  const further = cause.cause === undefined ? '' : `\ncaused by: ${parts(cause.cause)[0]}`;
  // Node's own words in front of an assertion tell nothing that its diff does not.
  const message = cause.name === 'AssertionError' ? cause.message : `${cause.name}: ${cause.message}`;
  return [`${message}${further}`, stack];
}

/** A test or file that failed because a part of it did: the part is told. */
function onlyBelow(error: unknown): boolean {
  return (error as { failureType?: string } | null)?.failureType === 'subtestsFailed';
}

function indent(text: string): string[] {
  return text.split('\n').map((line) => (line === '' ? line : `  ${line}`));
}

function took(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
