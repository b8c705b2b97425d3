// README's table of variables, terraform/environment.json and terraform/variables-by-function.json are what config/variables.ts and the code that reads
// them say: `npm run check` compares, `npm run format` writes.
// Its tables of functions and commands leave out none of them.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { variables } from '@cody-gateway/shared/config';
import { readFunctionFiles } from '../functions/function-files.ts';
import { variablesRead } from '../functions/variables-read.ts';

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

/** What Terraform goes by when it sets the environment: it can read JSON, and nothing of ours. */
const environment = path.resolve(import.meta.dirname, '../../terraform/environment.json');
const rows = Object.values(variables)
  .map(({ name, kind, fallback }) => `  "${name}": { "kind": "${kind}", "required": ${fallback === undefined} }`)
  .toSorted();

/** What a function is given of it. */
const byFunction = path.resolve(import.meta.dirname, '../../terraform/variables-by-function.json');
const read = Object.fromEntries((await readFunctionFiles()).map((file) => [file.name, variablesRead(file)]));

const before = readFileSync(readme, 'utf8');
const [head = '', rest = ''] = before.split(begin);
const wanted = [
  [readme, `${head}${begin}\n\n${table()}\n\n${end}${rest.split(end)[1] ?? ''}`],
  [environment, `{\n${rows.join(',\n')}\n}\n`],
  [byFunction, `${JSON.stringify(read, null, 2)}\n`],
] as const;
for (const [file, text] of wanted) {
  if (process.argv.includes('--write')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${file} is not what shared/src/config/variables.ts says; npm run format writes it`);
    process.exitCode = 1;
  }
}

for (const { name, trigger, routes } of await readFunctionFiles()) {
  const row = new RegExp(`^\\| \`${name}\` +\\|.*$`, 'm').exec(before)?.[0];
  if (row === undefined) fault(`README.md: its table of functions lacks ${name}`);
  else if (trigger === 'http')
    // Under one heading many providers stand in braces, and a path's end in `*` or `[/{key}]`.
    for (const { path: route } of routes)
      if (!row.includes(route.replace(/\/?\*$/, '').replace(/^(\/v1\/completions)\/.+$/, '$1')))
        fault(`README.md: its row of ${name} lacks ${route}`);
}
const { scripts } = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
for (const name of Object.keys(scripts))
  if (!before.includes(`npm ${name}`) && !before.includes(`npm run ${name}`) && !before.includes(`\`${name}\``))
    fault(`README.md: its table of commands lacks npm run ${name}`);

function fault(text: string): void {
  console.error(text);
  process.exitCode = 1;
}
