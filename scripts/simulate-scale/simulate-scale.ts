// `npm run simulate-scale`: from 10 to 1,000,000 requests a second, on paper: what is needed, what it costs, which
// limit bites. `--write` puts it into terraform/scale.md.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { facts } from './facts.ts';
import { simulate, type Need } from './simulate.ts';
import { foldHelp } from '../terminal/fold.ts';
import { endWith, UsageError } from '../terminal/usage-error.ts';

const rates = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
const number = (value: number): string => value.toLocaleString('en-US');

/** The page, from its figures. */
export function page(needs: readonly Need[], seed: number): string {
  const table = needs.map(
    (need) =>
      `| ${number(need.rate)} | ${number(need.inFlight)} | ${number(need.instances)} | ${number(need.redisScripts)} | ${need.redisNodes} | ${number(need.tasks)} | ${need.queues} | ${need.eventsPerTask} | ${number(Math.round(need.insertBytes / 1e4) / 100)} | ${number(need.directoryReads)} | ${number(Math.round(need.egressBytes / 1e4) / 100)} | ${number(Math.round(need.logBytes / 1e4) / 100)} | ${number(need.spans)} | ${need.usdPerMillion.toFixed(2)} |`,
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

| requests/s | calls in flight, peak | instances | Redis scripts/s | Redis nodes | tasks/s | queues | events a task | inserts, MB/s | directory reads/s | egress, MB/s | logs, MB/s | spans/s | $ a million |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${table.join('\n')}

## Where a limit bites, and what to turn then

${limits.join('\n')}

A Redis node is counted as full at 70 % of its scripts; an actor's shard is never divided, so the busiest node has more than its part, and from some
rate on the busiest actors fill a node each, which no further node helps. Instances are counted at the 60 % at which Cloud Run adds one. \`requests_per_second\` in the root makes the most instances of every function, and
the queues, follow from a rate. The directory's reads stay small at any rate: they go by actors and minutes, not by calls.

## Many nodes of Redis

\`redis_cluster = { nodes = N }\` in the root, beside \`redis_memory_gb\` as it is: the apply makes the cluster, and new revisions use it. In an hour of little traffic, since
for the minutes of the apply no instance of an old revision can start. Quota windows begin anew, as after "Redis loss" in terraform/README.md. Each instance sends the events of
its own outbox before it ends; what one that died left in the old node is swept by nobody now. Through the tunnel, on the old address,
\`redis-cli --scan --pattern "*outbox"\` must find nothing; if it does, \`redis_cluster = null\` and an apply bring the sweeper back to it for two minutes. Then
\`redis_memory_gb = 0\` takes the old node away (terraform/README.md, "Taking something away"). More nodes later are another number: slots move while calls go on.

## A second region

What a quota means across regions decides the design. A counter is exact because one script on one node changes it with its event; two regions that share it pay
a way across for each call (60 ms, twice), and two that do not share it give an actor twice his quota. So:

- **An actor's shard lives in one region, the home.** All counters, leases and the outbox are there. Nothing is replicated to another region that would then be asked.
- **The second region stands by**: a root of its own with another \`region\` and project and the same hostname and \`events_project_id\`, applied beforehand ("Region lost" in
  terraform/README.md). It takes no call until the hostname's A record names it, and then begins its windows anew: once, and at the most one window more than was paid for. What it
  finds there is what is in several regions already: the ledger (\`US\`), and the directory by its own sync, or by a backup.
  \`directory_location = "nam5"\` in a new project keeps the first one's directory readable meanwhile.
- **More than one region can serve** is a gateway a region with customers of its own: a hostname each, a root each, subscriptions that belong to one of them. No counter is
  shared because no actor is.

A load balancer with backends of both regions on one hostname is not offered: it would send an actor's calls to either, and count for each alone.

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
  if (values.help === true) return console.log(foldHelp(usage));
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
