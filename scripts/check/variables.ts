// The table in shared/src/config/README.md, terraform/environment.json and terraform/variables-by-function.json are
// what config/variables.ts and the code that reads them say: `npm run check` compares, `npm run format` writes.
// README's table of functions, scripts/README.md's of commands and shared/README.md's of dependencies leave out none
// of them.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { variables } from '@cody-gateway/shared/config';
import { readFunctionFiles } from '../functions/function-files.ts';
import { variablesRead } from '../functions/variables-read.ts';

const root = path.resolve(import.meta.dirname, '../..');
const table = path.join(root, 'shared/src/config/README.md');
const begin = '<!-- variables: written by npm run format -->';
const end = '<!-- /variables -->';

/** The table's rows. */
function variableRows(): string {
  const rows = Object.values(variables).map(({ name, kind, fallback, sentence }) => {
    const text = fallback === undefined ? 'required' : fallback === null ? '' : `\`${fallback}\``;
    return `| \`${name}\` | ${kind} | ${text} | ${sentence} |`;
  });
  return `| variable | kind | default | what it is |\n| --- | --- | --- | --- |\n${rows.join('\n')}`;
}

/** What Terraform goes by when it sets the environment: it can read JSON, and nothing of ours. */
const environment = path.join(root, 'terraform/environment.json');
const rows = Object.values(variables)
  .map(({ name, kind, fallback }) => `  "${name}": { "kind": "${kind}", "required": ${fallback === undefined} }`)
  .toSorted();

/** What a function is given of it. */
const byFunction = path.join(root, 'terraform/variables-by-function.json');
const read = Object.fromEntries((await readFunctionFiles()).map((file) => [file.name, variablesRead(file)]));

const before = readFileSync(table, 'utf8');
const [head = '', rest = ''] = before.split(begin);
const wanted = [
  [table, `${head}${begin}\n\n${variableRows()}\n\n${end}${rest.split(end)[1] ?? ''}`],
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

const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
for (const { name, trigger, routes } of await readFunctionFiles()) {
  const row = new RegExp(`^\\| \`${name}\` +\\|.*$`, 'm').exec(readme)?.[0];
  if (row === undefined) fault(`README.md: its table of functions lacks ${name}`);
  else if (trigger === 'http') {
    // Paths as they are written, up to braces or an asterisk behind a slash, which stand for several.
    const written = [...row.matchAll(/(?<=[` ])\/[\w.-][\w./-]*/g)].map(([part]) => part);
    const fits = (part: string, route: string): boolean => {
      const base = route.replace(/\*$/, '');
      return (
        part === base || (part.endsWith('/') && base.startsWith(part)) || (base !== route && part.startsWith(base))
      );
    };
    for (const { path: route } of routes)
      if (!written.some((part) => fits(part, route))) fault(`README.md: its row of ${name} lacks ${route}`);
    for (const part of written)
      if (!routes.some(({ path: route }) => fits(part, route)))
        fault(`README.md: its row of ${name} has ${part}, which is no route of it`);
  }
}
interface Package {
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}
const readPackage = (folder: string): Package =>
  JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8')) as Package;

const commands = readFileSync(path.join(root, 'scripts/README.md'), 'utf8');
for (const name of Object.keys(readPackage('.').scripts ?? {}))
  if (!commands.includes(`npm ${name}`) && !commands.includes(`npm run ${name}`) && !commands.includes(`\`${name}\``))
    fault(`scripts/README.md: its table of commands lacks npm run ${name}`);

const reasons = readFileSync(path.join(root, 'shared/README.md'), 'utf8').split('\n## Dependencies\n')[1] ?? '';
const named = ['.', 'shared', 'functions', 'scripts']
  .map(readPackage)
  .flatMap(({ dependencies, devDependencies }) => Object.keys({ ...dependencies, ...devDependencies }));
// Types come with what they are the types of, our own packages need no reason, and a family has one row.
const needed = new Set(
  named
    .filter((name) => !/^@(types|cody-gateway)\//.test(name))
    .map((name) => (name.startsWith('@opentelemetry/') ? '@opentelemetry/*' : name)),
);
const given = new Set(
  [...reasons.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  ),
);
for (const name of needed)
  if (!given.has(name)) fault(`shared/README.md: its table of dependencies does not say why ${name} is here`);
for (const name of given)
  if (!needed.has(name)) fault(`shared/README.md: its table of dependencies has ${name}, which no package.json has`);

function fault(text: string): void {
  console.error(text);
  process.exitCode = 1;
}
