// Log lines of the functions as a person at a terminal reads them: a short line a request, a line and a hint for what
// went wrong.

import { stripVTControlCharacters } from 'node:util';

/** Of a message, however long its model is. */
const leastMessage = 40;

/** Members of a line that are looked at; anything else may be in it. */
interface LogLine {
  readonly severity?: string;
  readonly message?: string;
  readonly httpRequest?: { readonly status?: number; readonly requestUrl?: string; readonly latency?: string };
  readonly forwarded_for?: string;
  readonly model?: string;
  readonly 'logging.googleapis.com/trace'?: string;
}

/** How to show lines. */
export interface LineStyle {
  readonly columns: number;
  readonly color: boolean;
  /** Of the trace page. */
  readonly pagesUrl: string;
}

/**
 * Whether nobody but the local cloud caused it: health checks, schedules and tasks that went well. Callers come by way
 * of the router.
 */
export function isOwn(line: string): boolean {
  const { severity, httpRequest, forwarded_for: from } = parse(line) ?? {};
  return severity === 'INFO' && (httpRequest === undefined || from === undefined);
}

/** One line without its newline, and a second with a hint for an error. */
export function shortLine(name: string, line: string, { columns, color, pagesUrl }: LineStyle): string {
  const paint = (code: number, text: string): string => (color ? `\u001B[${code}m${text}\u001B[0m` : text);
  const parsed = parse(line);
  // What is no JSON is the runtime's own: a warning, or the last words of a process.
  if (parsed === null) return `${paint(33, name)} ${cut(plain(line), columns - name.length - 1)}`;
  const { severity = '', message = '', httpRequest, model } = parsed;
  const trace = parsed['logging.googleapis.com/trace']?.split('/').at(-1);
  const failed = severity === 'ERROR' || severity === 'WARNING';
  const time =
    httpRequest?.latency === undefined ? '' : `${Math.round(Number.parseFloat(httpRequest.latency) * 1_000)} ms`;
  const said = plain(message);
  // What is long gives way, so that the status, the time and the function are always there: the model first.
  const fixed = [time, name].filter((part) => part !== '').reduce((sum, part) => sum + part.length + 2, 0);
  const room = columns - fixed - Math.min(said.length, leastMessage) - 2;
  const tail = [time, cut(plain(model ?? ''), Math.max(0, room)), name].filter((part) => part !== '');
  const code =
    severity === 'ERROR' || (httpRequest?.status ?? 0) >= 500
      ? 31
      : failed || (httpRequest?.status ?? 0) >= 400
        ? 33
        : 32;
  const end = tail.join('  ');
  const first = `${paint(code, cutPath(said, httpRequest?.status, Math.max(20, columns - end.length - 2)))}  ${end}`;
  if (!failed || trace === undefined) return first;
  return `${first}\n  ${cut(`why: ${pagesUrl}/?trace=${trace}`, columns - 2)}`;
}

function cut(text: string, most: number): string {
  return text.length > most ? text.slice(0, Math.max(0, most - 1)) + (most > 0 ? '…' : '') : text;
}

/** A message that ends in its status keeps it. */
function cutPath(message: string, status: number | undefined, most: number): string {
  const end = ` ${status ?? ''}`;
  if (status === undefined || !message.endsWith(end)) return cut(message, most);
  return `${cut(message.slice(0, -end.length), most - end.length)}${end}`;
}

function parse(line: string): LogLine | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return null;
  }
}

/** What a caller sends stands in lines: it must not move the cursor. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\p{Cc}/gu, ' ');
}
