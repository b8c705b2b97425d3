// What a page was told by a source, or why it was told nothing: one source that is away costs its own sections alone.

import { LookupFailed, type Answer } from './lookups.ts';
import { faultSection, type Origin, type Section } from './page.ts';

/** An answer, or a fault in words that may be shown. */
export type Told<T> = Answer<T> | { readonly fault: string };

/** @param failed is told of errors that are not the source's own words: a bug of ours must not be silent either */
export async function told<T>(work: Promise<Answer<T>>, failed: (error: unknown) => void): Promise<Told<T>> {
  try {
    return await work;
  } catch (error) {
    failed(error);
    return { fault: error instanceof LookupFailed ? error.message : 'this could not be read: look again later' };
  }
}

/** The section of an answer, or in its place the fault. */
export function sectionOf<T>(
  id: string,
  title: string,
  data: Told<T>,
  make: (value: T, origin: (source: string, note?: string) => readonly Origin[]) => Section,
): Section {
  if ('fault' in data) return faultSection(id, title, data.fault);
  const { value, readAtMs } = data;
  return make(value, (source, note) => [{ source, readAtMs, ...(note !== undefined && { note }) }]);
}

/** The value, or what counts without one. */
export const valueOf = <T>(data: Told<T>, without: T): T => ('fault' in data ? without : data.value);
