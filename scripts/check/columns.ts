// The columns that the code writes (shared/src/events/columns.ts) against those that Terraform creates, by name, type
// and mode.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { columns } from '@cody-gateway/shared/events';

const file = 'terraform/events/schema.json';

/** A column as BigQuery's schema files write it. */
interface Column {
  readonly name: string;
  readonly type: string;
  readonly mode?: string;
}

/**
 * What differs, one sentence each.
 * @param written name -> type and mode that rows are written with
 * @param created the table's schema
 */
export function columnFaults(
  written: Readonly<Record<string, Omit<Column, 'name'>>>,
  created: readonly Column[],
): string[] {
  const byName = new Map(created.map((column) => [column.name, column]));
  const faults: string[] = [];
  for (const [name, { type, mode = 'NULLABLE' }] of Object.entries(written)) {
    const column = byName.get(name);
    if (column === undefined) faults.push(`${file} has no column ${name}: add it, ${type} and ${mode}`);
    else if (column.type !== type || (column.mode ?? 'NULLABLE') !== mode)
      faults.push(
        `${file}: ${name} is ${column.type} and ${column.mode ?? 'NULLABLE'}, but rows are written with ${type} and ${mode} (shared/src/events/columns.ts)`,
      );
  }
  for (const name of byName.keys())
    if (!Object.hasOwn(written, name))
      faults.push(`${file}: nothing writes ${name} (shared/src/events/usage-event.ts and columns.ts)`);
  if (byName.size < created.length) faults.push(`${file}: a column stands there twice`);
  return faults;
}

if (import.meta.main) {
  const text = readFileSync(path.resolve(import.meta.dirname, '../..', file), 'utf8');
  const faults = columnFaults(columns, JSON.parse(text) as Column[]);
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
