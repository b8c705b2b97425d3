// Log lines of the functions as a person at a terminal reads them: a short line a request, a line and a hint for what
// went wrong.

import { stripVTControlCharacters } from 'node:util';

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
  const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
  const parsed = parse(line);
  // What is no JSON is the runtime's own: a warning, or the last words of a process.
  if (parsed === null) return `${paint(33, name)} ${cut(plain(line), columns - name.length - 1)}`;
  const { severity = '', message = '', httpRequest, model } = parsed;
  const trace = parsed['logging.googleapis.com/trace']?.split('/').at(-1);
  const failed = severity === 'ERROR' || severity === 'WARNING';
  const time =
    httpRequest?.latency === undefined ? '' : `${Math.round(Number.parseFloat(httpRequest.latency) * 1_000)} ms`;
  const tail = [time, model, name].filter((part) => part !== undefined && part !== '').map((part) => plain(part ?? ''));
  const code =
    severity === 'ERROR' || (httpRequest?.status ?? 0) >= 500
      ? 31
      : failed || (httpRequest?.status ?? 0) >= 400
        ? 33
        : 32;
  const end = tail.join('  ');
  const first = `${paint(code, cut(plain(message), Math.max(20, columns - end.length - 2)))}  ${end}`;
  if (!failed || trace === undefined) return first;
  return `${first}\n  ${cut(`why: ${pagesUrl}/?trace=${trace}`, columns - 2)}`;
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
