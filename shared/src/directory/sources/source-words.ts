// What a source says of its refusal, made fit for a log line: short, one line, without tokens, addresses or names. Not
// what the refusal means.

const charactersMax = 120;
const readMax = 1_000;
/** Longer than any real word; identifiers of GraphQL have some thirty letters. */
const wordMax = 40;
/** Words with digits that are no status, version or number. */
const wordWithDigitsMax = 15;

/**
 * @param text what the source sent, of whatever type
 * @param secrets what must not stand in it although it looks like words: what was sent to the source
 * @returns empty where it says nothing
 */
export function sourceWords(text: unknown, secrets: readonly string[]): string {
  if (typeof text !== 'string') return '';
  let rest = text.slice(0, readMax);
  for (const secret of secrets) if (secret !== '') rest = rest.replaceAll(secret, '…');
  const words = rest
    .replaceAll(/\p{C}/gu, ' ')
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => (tells(word) ? '…' : word))
    .join(' ');
  return words.length > charactersMax ? `${words.slice(0, charactersMax)}…` : words;
}

/** The same behind a code, where there are any. */
export function withWords(code: string, words: string): string {
  return words === '' || words === code ? code : `${code}: ${words}`;
}

/** A token, an address of the network, of a page or of a person. */
function tells(word: string): boolean {
  if (/s(?:lk|gs|gd|gp|gph|ams)_|@|:\/\/|\d+\.\d+\.\d+\.\d+/i.test(word)) return true;
  return word.length > (/\d/.test(word) ? wordWithDigitsMax : wordMax);
}
