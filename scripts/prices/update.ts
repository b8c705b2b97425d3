// `npm run prices:update`: writes the catalogue's default prices from the installed table and from the pages that we
// read ourselves. To be reviewed like code.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findProvider, calcPrice, type ModelInfo } from '@pydantic/genai-prices';
import { defaultsLayer } from '@cody-gateway/shared/catalogue';
import { linesText, priceLines, tableLines, type Pages } from './price-table.ts';

const root = path.resolve(import.meta.dirname, '../..');
export const pricesFile = path.join(root, 'shared/src/catalogue/defaults/prices.json');

/**
 * The package does not say when its data was read: the day of its newest price, by its change log. Goes with the
 * version in package.json.
 */
const table = { version: '0.1.8', asOf: '2026-09-23' } as const;

/** The table's names of our providers. */
const tableNames: Readonly<Record<string, string>> = {
  anthropic: 'anthropic',
  openai: 'openai',
  fireworks: 'fireworks',
  google: 'google',
  mistral: 'mistral',
  deepseek: 'deepseek',
  xai: 'x-ai',
  groq: 'groq',
  together: 'together',
  openrouter: 'openrouter',
};

/**
 * The file's text, as it should be.
 * @throws Error when another version of the table is installed than the one that was reviewed
 */
export function pricesText(): string {
  const manifest = JSON.parse(
    readFileSync(path.join(root, 'node_modules/@pydantic/genai-prices/package.json'), 'utf8'),
  ) as { version: string };
  if (manifest.version !== table.version)
    throw new Error(
      `genai-prices ${manifest.version} is installed; say in scripts/prices/update.ts of which day it is`,
    );
  const pages = JSON.parse(readFileSync(path.join(import.meta.dirname, 'pages.json'), 'utf8')) as Pages;
  const source = `genai-prices ${table.version}`;
  const fromTable = (model: string) => {
    const found = tableModel(model);
    return found === null ? [] : tableLines(model, found, source, table.asOf);
  };
  return linesText(priceLines(names(), fromTable, pages));
}

/** Models of the catalogue, whatever else a page prices, and what the table itself names. */
function names(): string[] {
  const known = (defaultsLayer().rows.models ?? []).flatMap(({ id, aliases = [] }) => {
    const provider = String(id).split('/')[0] ?? '';
    return [String(id), ...(aliases as readonly string[]).map((alias) => `${provider}/${alias}`)];
  });
  const tabled = Object.entries(tableNames).flatMap(([provider, tableName]) =>
    (findProvider({ providerId: tableName })?.models ?? []).flatMap((model) =>
      [model.id, ...exactNames(model)].filter(isName).map((name) => `${provider}/${name}`),
    ),
  );
  return [...new Set([...known, ...tabled])];
}

/** Names that end in a colon and a word are offers of resellers, those of others have characters that no model has. */
const isName = (name: string): boolean => /^[\w.@+-][\w.@/+-]*$/.test(name);

function exactNames({ match }: ModelInfo): string[] {
  const walk = (logic: ModelInfo['match']): string[] =>
    'equals' in logic ? [logic.equals] : 'or' in logic ? logic.or.flatMap(walk) : [];
  return walk(match);
}

function tableModel(model: string): ModelInfo | null {
  const [provider = '', ...rest] = model.split('/');
  const providerId = tableNames[provider];
  if (providerId === undefined) return null;
  const name = rest.join('/');
  const own = findProvider({ providerId })?.models ?? [];
  const exact = own.find((info) => info.id === name || exactNames(info).includes(name));
  if (exact !== undefined) return exact;
  // What is matched by a pattern of the table; no count is priced here.
  const found = calcPrice({}, name, { providerId });
  return found !== null && own.includes(found.model) ? found.model : null;
}

const usage = `usage: npm run prices:update

Writes shared/src/catalogue/defaults/prices.json from the installed price table
and the pages in scripts/prices/pages.json. Read the difference like code.
`;

if (import.meta.main && process.argv.length > 2) {
  const asked = process.argv.includes('--help') || process.argv.includes('-h');
  if (asked) process.stdout.write(usage);
  else console.error(`npm run prices:update takes no ${process.argv.slice(2).join(' ')}\n\n${usage}`);
  process.exitCode = asked ? 0 : 2;
} else if (import.meta.main) {
  const text = pricesText();
  writeFileSync(pricesFile, text);
  console.log(`${path.relative(root, pricesFile)}: ${text.split('\n').length - 3} prices`);
}
