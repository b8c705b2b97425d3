// What each client met at a gateway that compresses streams, as gzip.json keeps it, and the table that is made of it.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readClients } from './pins.ts';
import type { Encodings } from './recorder.ts';
import { withTable, type Result } from './results.ts';

const gzipFile = path.join(import.meta.dirname, 'gzip.json');
const readmeFile = path.join(import.meta.dirname, 'README.md');
const marks = ['<!-- gzip: written by npm run clients -- --gzip -->', '<!-- /gzip -->'] as const;
const headings = ['client', 'version', 'asks for', 'streams as gzip', 'first text', 'all cases', 'date'];
/** The case of cases.json in which the provider is silent after its first text. */
const firstTextCase = 'first text at once';

/** A client's result, and what went over the wire. */
export interface GzipResult extends Result {
  readonly encodings: Encodings;
}

export function readGzipResults(): GzipResult[] {
  return existsSync(gzipFile) ? (JSON.parse(readFileSync(gzipFile, 'utf8')) as GzipResult[]) : [];
}

/** Puts new results in the place of older ones of the same clients, here and in the README's table. */
export function writeGzipResults(fresh: readonly GzipResult[]): void {
  const byId = new Map([...readGzipResults(), ...fresh].map((result) => [result.id, result]));
  const all = readClients().flatMap(({ id }) => byId.get(id) ?? []);
  writeFileSync(gzipFile, `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(readmeFile, withGzipTable(readFileSync(readmeFile, 'utf8'), all));
}

/** The README with the table of these results in it. */
export function withGzipTable(text: string, results: readonly GzipResult[]): string {
  return withTable(text, marks, [headings, ...gzipRows(results)]);
}

/** A row for each client, its cells in the order of the table. */
export function gzipRows(results: readonly GzipResult[]): string[][] {
  return results.map(({ id, pin, date, unavailable, outcomes, encodings: { asked, streams, compressed } }) => {
    const version = pin.split(', ')[0] ?? '';
    if (unavailable !== null) return [id, version, '', '', '', `could not be installed: ${unavailable}`, date];
    const firsts = outcomes.filter((outcome) => outcome.case === firstTextCase);
    const late = firsts.find(({ difference }) => difference !== null);
    const failed = outcomes.filter(({ difference }) => difference !== null);
    return [
      id,
      version,
      asked.join('; '),
      `${compressed} of ${streams}`,
      firsts.length === 0 ? 'not looked at' : late === undefined ? 'at once' : `${late.mode}: ${late.difference}`,
      failed[0] === undefined
        ? 'work'
        : `${outcomes.length - failed.length} of ${outcomes.length} work; ${failed[0].mode}, ${failed[0].case}: ${failed[0].difference}`,
      date,
    ];
  });
}
