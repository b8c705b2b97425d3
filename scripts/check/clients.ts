// Each pinned client has a result of its pinned version, and the matrix's table is what the results say: what nobody
// ran, nobody may claim.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readGzipResults, withGzipTable } from '../clients/gzip-results.ts';
import { readClients } from '../clients/pins.ts';
import { readmeWith, readResults, resultFaults } from '../clients/results.ts';

const readme = path.resolve(import.meta.dirname, '../clients/README.md');

if (import.meta.main) {
  const results = readResults();
  const faults = resultFaults(readClients(), results);
  const text = readFileSync(readme, 'utf8');
  if (text !== readmeWith(text, results))
    faults.push(
      'scripts/clients/README.md is not what results.json says: npm run clients -- --only NAME --write writes both',
    );
  if (text !== withGzipTable(text, readGzipResults()))
    faults.push(
      'scripts/clients/README.md is not what gzip.json says: npm run clients -- --gzip --only NAME --write writes both',
    );
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exit(1);
}
