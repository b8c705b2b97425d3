// Terraform's environment against config/variables.ts, in both directions, without Terraform: what is set is read,
// what must be set is set, every secret reaches a function, and the lines that alerts count are lines that the code
// writes.

import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { variables } from '@cody-gateway/shared/config';
import { readFunctionFiles } from '../functions/function-files.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** As any row may be: today's happen to have this or that default. */
interface Row {
  readonly name: string;
  readonly kind: string;
  readonly fallback: string | null | undefined;
}
const rows = new Map(Object.values<Row>(variables).map((row) => [row.name, row]));
const files = await readFunctionFiles();
const faults: string[] = [];

const text = readFileSync(path.join(root, 'terraform/modules/gateway/environment.tf'), 'utf8');
const fixed = [...text.matchAll(/^\s+([A-Z][A-Z0-9_]+)\s*=/gm)].map(([, name = '']) => name);
const derived = files.flatMap(({ name, queue }) => {
  const part = (word: string): string => word.replaceAll('-', '_').toUpperCase();
  return queue === undefined ? [] : [`CODY_GATEWAY_${part(queue)}_QUEUE`, `CODY_GATEWAY_${part(name)}_URL`];
});
const environments = ['prod', 'dev'].flatMap((env) => {
  const main = readFileSync(path.join(root, `terraform/envs/${env}/main.tf`), 'utf8');
  return [...(/^\s*settings\s*=\s*\{([^}]*)\}/m.exec(main)?.[1]?.matchAll(/([A-Z][A-Z0-9_]+)"?\s*=/g) ?? [])].map(
    ([, name = '']) => name,
  );
});
const set = new Set([...fixed, ...derived, ...environments]);
if (fixed.length < 5) faults.push('terraform/modules/gateway/environment.tf: its environment is not found');
for (const name of set) {
  const row = rows.get(name);
  if (row === undefined) faults.push(`Terraform sets ${name}, which variables.ts does not have`);
  else if (row.kind === 'secret') faults.push(`Terraform sets ${name} as text, but it is a secret`);
}
const secrets = new Set(files.flatMap((file) => file.secrets));
// A variable without a default means something by being absent. Each is set here, or is one of these: Terraform leaves
// it alone on purpose.
const left: readonly (readonly [why: string, names: RegExp])[] = [
  ['for the root’s settings', /_(ALLOWED_MODELS|ORG_ID|CLIENT_ID)$/],
  [
    'for the root’s settings: rules of flagging, and a bound of answers',
    /_(PATTERNS|FLAGGED_MODEL_NAMES|BLOCKING_ENABLED|LIMIT|MAX_TOKENS_TO_SAMPLE)$/,
  ],
  [
    'for the root’s settings: optional services',
    /_(TOKEN_INTROSPECTION_URL|EMBEDDINGS_ENDPOINTS|ENTERPRISE_PORTAL_URL)$/,
  ],
  ['for the root’s settings: what callers may use', /^CODY_GATEWAY_RESPONSES_SERVER_TOOLS$/],
  ['for the root’s settings: pages of other origins', /_CORS_ORIGINS$/],
  ['for the root’s settings: rows of providers and homes', /^CODY_GATEWAY_CATALOGUE$/],
  ['for the root’s settings: what a call without a price is charged under a budget', /_UNPRICED_CEILING_USD$/],
  ['GOOGLE_CLOUD_PROJECT is meant', /^CODY_GATEWAY_OTEL_GCP_PROJECT_ID$/],
  ['Cloud Run sets it', /^K_REVISION$/],
  ['the queue itself adds its account’s token', /^CODY_GATEWAY_TASKS_SERVICE_ACCOUNT$/],
];
const localOnly = ['FIRESTORE_EMULATOR_HOST', 'CODY_GATEWAY_TASKS_ENDPOINT', 'CODY_GATEWAY_BIGQUERY_ENDPOINT'];
for (const [name, { kind, fallback }] of rows)
  if (kind !== 'secret' && fallback === null && !set.has(name) && !localOnly.includes(name))
    if (!left.some(([, names]) => names.test(name)))
      faults.push(
        `${name} has no default and Terraform does not set it: set it, or say in ${import.meta.filename} why not`,
      );
for (const name of localOnly)
  if (set.has(name) || !rows.has(name)) faults.push(`${name} is for the local cloud: Terraform must not set it`);
for (const [why, names] of left)
  if (![...rows.keys()].some((name) => names.test(name))) faults.push(`nothing is left ${why}: ${String(names)}`);
for (const [name, { kind, fallback }] of rows) {
  if (kind === 'secret' ? !secrets.has(name) : fallback === undefined && !set.has(name))
    faults.push(
      `${name} is read, but ${kind === 'secret' ? 'no function.json has it among its secrets' : 'Terraform does not set it'}`,
    );
}
for (const { name, secrets: own } of files)
  for (const secret of own)
    if (rows.get(secret)?.kind !== 'secret') faults.push(`${name}: ${secret} is no secret of variables.ts`);

interface Line {
  readonly fields: readonly string[];
  readonly messages: readonly string[];
  readonly above_zero?: readonly string[];
  /** Lines by how they begin, and what stands in their members. */
  readonly where?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The metric's labels, each from a member of the line. */
  readonly labels?: Readonly<Record<string, string>>;
}
const lines = JSON.parse(
  readFileSync(path.join(root, 'terraform/modules/monitoring/log-lines.json'), 'utf8'),
) as Record<string, Line>;
const code = globSync(['shared/src/**/*.ts', 'functions/**/*.ts'], {
  cwd: root,
  exclude: (name) => name === 'node_modules',
})
  .filter((file) => !/\.test[./]/.test(file))
  .map((file) => readFileSync(path.join(root, file), 'utf8'))
  .join('\n');
// Members that are measured: terraform/modules/monitoring/main.tf takes them out of lines by these names.
const monitoring = readFileSync(path.join(root, 'terraform/modules/monitoring/main.tf'), 'utf8');
const measured = [...monitoring.matchAll(/\{ field = "([a-z_.]+)"/g)].map(([, field = '']) => field);
if (measured.length < 5) faults.push('terraform/modules/monitoring/main.tf: what it measures is not found');
for (const part of measured.flatMap((field) => field.split('.')))
  if (!code.includes(part)) faults.push(`no line of the code has what a metric measures: ${part}`);
// Whose fault an answer is: by kinds of refusal, and by members of the request's line.
const refusals = [...(/provider_refusals = \[([^\]]*)\]/.exec(monitoring)?.[1]?.matchAll(/"([a-z-]+)"/g) ?? [])];
if (refusals.length < 3)
  faults.push('terraform/modules/monitoring/main.tf: refusals of a provider’s fault are not found');
for (const [, kind = ''] of refusals)
  if (!code.includes(`'${kind}'`)) faults.push(`no refusal is of the kind ${kind}, which alerts count as a provider’s`);
for (const member of ['refusal:', 'upstream_status:', 'model:'])
  if (!code.includes(member)) faults.push(`no line of the code has ${member}, by which alerts tell whose fault it is`);
for (const [metric, { fields, messages, above_zero = [], where = {}, labels = {} }] of Object.entries(lines)) {
  for (const message of Object.keys(where))
    if (!["'", '`'].some((quote) => code.includes(quote + message)))
      faults.push(`no line of the code begins as the metric ${metric} counts it: ${message}`);
  const values = Object.values(where).flatMap((members) => Object.values(members).map((value) => `'${value}'`));
  const parts = [...above_zero, ...Object.values(labels)].flatMap((field) => field.split('.'));
  for (const part of [...fields, ...messages, ...values, ...parts])
    if (!code.includes(part)) faults.push(`no line of the code has what the metric ${metric} counts: ${part}`);
}

// Alerts: each counts a metric that there is, is counted by, and has a page for who is woken by it.
const alerts = readFileSync(path.join(root, 'terraform/modules/monitoring/alerts.tf'), 'utf8');
const keysOf = (part: RegExp, key: RegExp): string[] =>
  [...alerts.matchAll(part)].flatMap(([, body = '']) => [...body.matchAll(key)].map(([, name = '']) => name));
const alertNames = [
  ...keysOf(/^ {2}\w+ = \{\n([^]*?)^ {2}\}/gm, /^ {4}([a-z]+(?:-[a-z]+)*) += \{$/gm),
  ...keysOf(/^ {2}others = \{\n([^]*?)^ {2}\}/gm, /^ {4}([a-z]+(?:-[a-z]+)*) += "/gm),
];
if (alertNames.length < 20) faults.push('terraform/modules/monitoring/alerts.tf: its alerts are not found');
const runbooks = new Set(globSync('*.md', { cwd: path.join(root, 'terraform/runbooks') }));
for (const name of new Set(alertNames))
  if (!runbooks.delete(`${name}.md`)) faults.push(`the alert ${name} has no terraform/runbooks/${name}.md`);
for (const page of runbooks) faults.push(`terraform/runbooks/${page} is of no alert in terraform/modules/monitoring`);
const known = new Set([
  ...Object.keys(lines),
  ...[...monitoring.matchAll(/^ {4}(\w+) += \{ f/gm)].map(([, name]) => name),
]);
const asked = new Set([...alerts.matchAll(/\$\{local\.log\}\/(\w+)/g)].map(([, name = '']) => name));
for (const name of asked)
  if (!known.has(name))
    faults.push(`an alert goes by the metric ${name}, which terraform/modules/monitoring/log-lines.json does not have`);
const tiles = readFileSync(path.join(root, 'terraform/modules/monitoring/dashboard.json.tftpl'), 'utf8');
for (const name of Object.keys(lines))
  if (!asked.has(name) && !tiles.includes(`cody_gateway_${name}`))
    faults.push(`no alert and no tile goes by the metric ${name} of terraform/modules/monitoring/log-lines.json`);

for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
