// README's table of variables is what config/variables.ts says: `npm run check` compares, `npm run format` writes.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { variables } from '@cody-gateway/shared/config';

const readme = path.resolve(import.meta.dirname, '../../README.md');
const begin = '<!-- variables: written by npm run format -->';
const end = '<!-- /variables -->';

/** The table's rows. */
function table(): string {
  const rows = Object.values(variables).map(({ name, kind, fallback, sentence }) => {
    const text = fallback === undefined ? 'required' : fallback === null ? '' : `\`${fallback}\``;
    return `| \`${name}\` | ${kind} | ${text} | ${sentence} |`;
  });
  return `| variable | kind | default | what it is |\n| --- | --- | --- | --- |\n${rows.join('\n')}`;
}

const before = readFileSync(readme, 'utf8');
const [head = '', rest = ''] = before.split(begin);
const after = `${head}${begin}\n\n${table()}\n\n${end}${rest.split(end)[1] ?? ''}`;
if (process.argv.includes('--write')) writeFileSync(readme, after);
else if (after !== before) {
  console.error(
    'README.md: the table of variables is not that of shared/src/config/variables.ts; npm run format writes it',
  );
  process.exit(1);
}
