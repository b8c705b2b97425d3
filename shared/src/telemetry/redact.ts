// Takes secrets out of the texts of errors, which other people's code writes. What we write ourselves has none to
// begin with.

const secrets: readonly (readonly [RegExp, string])[] = [
  [/\b(sgd|slk|sgs|sgp|sk|fw|AIza)[-_][\w-]{12,}/g, '$1_[redacted]'],
  [/\bAIza[\w-]{20,}/g, 'AIza[redacted]'],
  [/\b(bearer|token)\s+[\w.~+/=-]{12,}/gi, '$1 [redacted]'],
  [/(:\/\/[^\s:@/]*):[^\s@/]+@/g, '$1:[redacted]@'],
  // Redis repeats the arguments of a command that it does not know: AUTH's is the password.
  [/(,? with args beginning with:?)[^\n]*/gi, '$1 [redacted]'],
  // The parser of JSON quotes what it did not understand, which may be a request's body.
  [
    /(Unexpected (?:token|non-whitespace)[^,\n]{0,40}), [^]*?(?: is not valid JSON)/g,
    '$1, [redacted] is not valid JSON',
  ],
];

/** The text without tokens, keys, passwords in addresses and quoted bodies. */
export function redact(text: string): string {
  return secrets.reduce((rest, [pattern, put]) => rest.replace(pattern, put), text);
}
