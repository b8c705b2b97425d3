// functions/diagnostics/openapi: the documents that callers read, made of the routes (scripts/openapi). `npm run check`
// compares, `npm run format` writes.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { readFunctionFiles } from '../functions/function-files.ts';
import { openApiDocuments, openApiFaults } from '../openapi/documents.ts';

const dir = path.resolve(import.meta.dirname, '../../functions/diagnostics/openapi');

const files = await readFunctionFiles();
const faults = openApiFaults(files);
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
for (const [name, document] of Object.entries(openApiDocuments(files))) {
  const file = path.join(dir, `${name}.json`);
  const text = await format(JSON.stringify(document), { ...(await resolveConfig(file)), filepath: file });
  if (process.argv.includes('--write')) writeFileSync(file, text);
  else if (readOrNothing(file) !== text) {
    console.error(`${file} is not what function.json files and scripts/openapi say; npm run format writes it`);
    process.exitCode = 1;
  }
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
