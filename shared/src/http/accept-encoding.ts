// Whether a caller takes gzip. Not whether it gets it: that is the operator's choice.

/** A coding or `*`, with its weight where it has one (RFC 9110 §12.5.3, §12.4.2). */
const codingPattern = /^([\w!#$%&'*+.^`|~-]+)(?:[ \t]*;[ \t]*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/;

/**
 * By `Accept-Encoding`: gzip, `x-gzip` or `*` with a weight above 0 that is none below that of `identity`. A header
 * that is not there takes the answer as it is, and a coding that is not written as the RFC has it counts for nothing.
 */
export function takesGzip(acceptEncoding: string | string[] | undefined): boolean {
  if (acceptEncoding === undefined) return false;
  let [gzip, any, identity] = [null, null, 0] as [number | null, number | null, number];
  for (const text of String(acceptEncoding).split(',')) {
    const [, coding = '', weight = '1'] = codingPattern.exec(text.trim()) ?? [];
    const name = coding.toLowerCase();
    if (name === 'gzip' || name === 'x-gzip') gzip = Math.max(gzip ?? 0, Number(weight));
    else if (name === '*') any = Number(weight);
    else if (name === 'identity') identity = Number(weight);
  }
  const taken = gzip ?? any ?? 0;
  return taken > 0 && taken >= identity;
}
