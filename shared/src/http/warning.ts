// The `warning` header of an answer: what of a request was left out or changed on its way. Not a refusal.

/** Of all texts together: callers' own words may stand in them, and a proxy takes no endless header. */
const charactersMax = 1_000;

/**
 * Code 299 is a lasting one of any kind (RFC 7234 §5.5).
 * @param texts in plain words; what is no printable ASCII becomes a question mark
 */
export function warningHeader(texts: readonly string[]): string {
  const quoted = texts.map(
    (text) => `299 cody-gateway "${text.replaceAll(/[^ -~]/g, '?').replaceAll(/["\\\\]/g, "'")}"`,
  );
  let header = '';
  for (const one of quoted) {
    const longer = header === '' ? one : `${header}, ${one}`;
    if (longer.length > charactersMax) break;
    header = longer;
  }
  return header;
}
