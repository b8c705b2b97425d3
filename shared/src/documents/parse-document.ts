// A document's content, checked against the shape that its collection has.

import * as v from 'valibot';

/**
 * The content of a document. One of another shape grants nothing.
 * @throws Error that names the document and its faulty members; their values stay out of it, since it ends in a log
 */
export function parseDocument<S extends v.GenericSchema>(schema: S, data: unknown, path: string): v.InferOutput<S> {
  const result = v.safeParse(schema, data);
  if (result.success) return result.output;
  const faults = result.issues.map(
    (issue) => `${v.getDotPath(issue) ?? 'document'}: expected ${issue.expected ?? issue.type}`,
  );
  throw new Error(`directory document ${path} is malformed: ${faults.join('; ')}`);
}
