// `npm run simulate-scale`: from 10 to 1,000,000 requests a second, on paper: what is needed, what it costs, which
// limit bites. `--write` puts it into terraform/scale.md.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { facts } from './facts.ts';
import { simulate, type Need } from './simulate.ts';
import { fold } from '../terminal/fold.ts';
import { endWith, UsageError } from '../terminal/usage-error.ts';

const rates = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
const number = (value: number): string => value.toLocaleString('en-US');

/** The page, from its figures. */
export function page(needs: readonly Need[], seed: number): string {
  const table = needs.map(
    (need) =>
      `| ${number(need.rate)} | ${number(need.inFlight)} | ${number(need.instances)} | ${number(need.redisScripts)} | ${need.redisNodes} | ${number(need.tasks)} | ${need.queues} | ${need.eventsPerTask} | ${number(Math.round(need.insertBytes / 1e4) / 100)} | ${number(need.directoryReads)} | ${need.usdPerMillion.toFixed(2)} |`,
  );
  const limits = needs.map(
    (need) => `- **${number(need.rate)} a second**: ${need.limits.length === 0 ? 'none' : need.limits.join('; ')}.`,
  );
  const sources = Object.entries(facts).map(
    ([name, { value, unit, source }]) => `| \`${name}\` | ${value >= 1 ? number(value) : value} ${unit} | ${source} |`,
  );
  return `# Scale, on paper

Written by \`npm run simulate-scale -- --write --seed ${seed}\`; figures of a model, not measurements. Arrivals, lengths of calls and actors are drawn from the
seed; the rest is arithmetic on the constants below. Providers cost extra, and more: 1,500 tokens a call are dollars where this page has cents.

| requests/s | calls in flight, peak | instances | Redis scripts/s | Redis nodes | tasks/s | queues | events a task | inserts, MB/s | directory reads/s | $ a million |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${table.join('\n')}

## Where a limit bites, and what to turn then

${limits.join('\n')}

A Redis node is counted as full at 70 % of its scripts. The directory's reads stay small at any rate: they go by actors and minutes, not by calls.

## Constants

| name | value | source |
| --- | --- | --- |
${sources.join('\n')}
`;
}

const usage = `usage: npm run simulate-scale -- [--seed <number>] [--json] [--write]

What the gateway needs from 10 to 1,000,000 requests a second, as a page; --write puts it into terraform/scale.md.`;

/** @throws Error in words for who typed it */
function main(): void {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      json: { type: 'boolean' },
      write: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return console.log(fold(usage));
  const seed = Number(values.seed ?? 1);
  if (!Number.isInteger(seed) || seed < 0) throw new UsageError(`--seed ${values.seed ?? ''}: give a whole number`);
  const needs = rates.map((rate) => simulate(rate, seed));
  const text = page(needs, seed);
  if (values.write === true) writeFileSync(path.resolve(import.meta.dirname, '../../terraform/scale.md'), text);
  else console.log(values.json === true ? JSON.stringify(needs, null, 2) : text);
}

if (import.meta.main)
  try {
    main();
  } catch (error) {
    endWith(error, 'npm run simulate-scale --');
  }
