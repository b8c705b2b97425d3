// HTML as a tagged template that escapes whatever stands in it. The only place where text becomes markup.

import { redact } from '../telemetry/telemetry.ts';

/** Markup that is safe to send: made by `html`, or of a file of ours. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template: nothing where it is null or false, lists one after the other. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

/** Escapes every value that is not markup already. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  let text = parts[0] ?? '';
  for (const [at, value] of values.entries()) text += textOf(value) + (parts[at + 1] ?? '');
  return new Html(text);
}

function textOf(value: Content): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'string' || typeof value === 'number') return escape(String(value));
  return value.map(textOf).join('');
}

/**
 * Control characters, and those that turn the direction of what stands behind them: a name must not repaint its
 * neighbours, or the terminal that a page is copied into.
 */
const invisible = /(?![\t\n])[\p{Cc}\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069\uFEFF]/gu;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * A text of a table, whoever wrote it: what can't be seen is shown as a mark, and what looks like a token or a key is
 * taken out.
 */
export function shown(text: string): string {
  return redact(text.toWellFormed()).replace(invisible, '\uFFFD');
}

function escape(text: string): string {
  return shown(text).replace(/[&<>"']/g, (letter) => entities[letter] ?? letter);
}
