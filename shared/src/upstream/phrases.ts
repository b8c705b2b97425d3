// Which of some phrases a text holds, in whatever letters: a long text is looked through piece by piece, so that
// nobody else waits for all of it, and no second copy of it is made. Not which phrases, nor what follows.

/** Looked through in one turn of the event loop: some 5 ms with thirty phrases. */
const pieceCharacters = 256 * 1024;

/**
 * As `text.toLowerCase().includes(phrase)` of each.
 * @param phrases in lower case
 * @param turn waits for the next turn; called between two pieces
 */
export async function phrasesIn(
  text: string,
  phrases: readonly string[],
  turn: () => Promise<void> = nextTurn,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if (phrases.length === 0) return found;
  // What lies across a border is found with the end of the piece before it.
  const overlap = Math.max(...phrases.map(({ length }) => length)) - 1;
  // Only the sigma has a lower case that depends on the letters around it.
  const lowered = text.length > pieceCharacters && text.includes('Σ') ? text.toLowerCase() : null;
  const whole = lowered ?? text;
  let before = '';
  for (let from = 0; ;) {
    const to = pieceEnd(whole, from);
    const piece = whole.slice(from, to);
    const looked = before + (lowered === null ? piece.toLowerCase() : piece);
    for (const phrase of phrases) if (!found.has(phrase) && looked.includes(phrase)) found.add(phrase);
    if (to === whole.length || found.size === phrases.length) return found;
    before = overlap > 0 ? looked.slice(-overlap) : '';
    from = to;
    await turn();
  }
}

/** Not inside a surrogate pair: its halves have no case. */
function pieceEnd(text: string, from: number): number {
  const to = from + pieceCharacters;
  if (to >= text.length) return text.length;
  return (text.charCodeAt(to - 1) & 0xfc00) === 0xd800 ? to - 1 : to;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
