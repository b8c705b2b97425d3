// What each client met, as results.json keeps it, and the table that is made of it.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Outcome } from './drive.ts';
import { pinOf, readClients, type Client } from './pins.ts';

const resultsFile = path.join(import.meta.dirname, 'results.json');
const readmeFile = path.join(import.meta.dirname, 'README.md');
const [begin, end] = ['<!-- results: written by npm run clients -->', '<!-- /results -->'];

/** A client's result. `unavailable`: why it could not be installed where it was tried, null where it could. */
export interface Result {
  readonly id: string;
  readonly pin: string;
  /** YYYY-MM-DD. */
  readonly date: string;
  readonly unavailable: string | null;
  readonly outcomes: readonly Outcome[];
}

export function readResults(): Result[] {
  return existsSync(resultsFile) ? (JSON.parse(readFileSync(resultsFile, 'utf8')) as Result[]) : [];
}

/** Puts new results in the place of older ones of the same clients, here and in the README's table. */
export function writeResults(fresh: readonly Result[]): void {
  const byId = new Map([...readResults(), ...fresh].map((result) => [result.id, result]));
  const all = readClients().flatMap(({ id }) => byId.get(id) ?? []);
  writeFileSync(resultsFile, `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(readmeFile, readmeWith(readFileSync(readmeFile, 'utf8'), all));
}

/** The README with the table of these results in it. */
export function readmeWith(text: string, results: readonly Result[]): string {
  const rows = rowsOf(results).map(({ client, version, mode, result, date }) => [client, version, mode, result, date]);
  return withTable(text, [begin, end], [['client', 'version', 'mode', 'result', 'date'], ...rows]);
}

/** A text with a table between two marks, its first row the headings. */
export function withTable(
  text: string,
  [from, to]: readonly [string, string],
  [headings = [], ...rows]: readonly (readonly string[])[],
): string {
  const [head = '', rest = ''] = text.split(from);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const escaped = rows.map((cells) => line(cells.map((cell) => cell.replace(/[|<>`*_[\]]/g, '\\$&'))));
  const table = [line(headings), line(headings.map(() => '---')), ...escaped].join('\n');
  return `${head}${from}\n\n${table}\n\n${to}${rest.split(to)[1] ?? '\n'}`;
}

/** What is wrong with the committed results, a sentence each. */
export function resultFaults(clients: readonly Client[], results: readonly Result[]): string[] {
  const byId = new Map(results.map((result) => [result.id, result]));
  const faults: string[] = [];
  for (const client of clients) {
    const result = byId.get(client.id);
    const [pin, again] = [pinOf(client), `npm run clients -- --only ${client.id} --write`];
    if (result === undefined) faults.push(`scripts/clients/results.json has no result of ${client.id}: ${again}`);
    else if (result.pin !== pin)
      faults.push(`scripts/clients/results.json has ${client.id} with ${result.pin}, pinned is ${pin}: ${again}`);
    else if (result.unavailable === null && result.outcomes.length === 0)
      faults.push(`scripts/clients/results.json says nothing of ${client.id}: ${again}`);
  }
  const known = new Set(clients.map(({ id }) => id));
  for (const { id } of results)
    if (!known.has(id)) faults.push(`scripts/clients/results.json has ${id}, which clients.json does not list`);
  return faults;
}

/** A mode of a client in the table. */
interface Row {
  readonly client: string;
  readonly version: string;
  readonly mode: string;
  readonly result: string;
  readonly date: string;
}

/** One row for each mode, or one that says why there is none. */
export function rowsOf(results: readonly Result[]): Row[] {
  return results.flatMap(({ id, pin, date, unavailable, outcomes }) => {
    const row = { client: id, version: pin.split(', ')[0] ?? '', date };
    if (unavailable !== null) return [{ ...row, mode: '', result: `could not be installed: ${unavailable}` }];
    return [...Map.groupBy(outcomes, ({ mode }) => mode)].map(([mode, ofMode]) => ({
      ...row,
      mode,
      result: resultOf(ofMode),
    }));
  });
}

/** `works`, or how many do and the first difference. */
function resultOf(outcomes: readonly Outcome[]): string {
  const failed = outcomes.filter(({ difference }) => difference !== null);
  const [first] = failed;
  if (first === undefined) return `works (${outcomes.map((outcome) => outcome.case).join(', ')})`;
  return `${outcomes.length - failed.length} of ${outcomes.length} work; ${first.case}: ${first.difference}`;
}
