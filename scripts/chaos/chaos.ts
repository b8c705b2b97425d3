// `npm run chaos`: breaks the running local cloud on purpose and counts what became of every call. A command, not
// a test: it takes its time and draws at random.

import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { failoverChaos } from './failover.ts';
import { deliveryChaos, type ChaosResult } from './delivery.ts';
import { homesChaos } from './homes.ts';
import { hostileChaos } from './hostile.ts';
import { limitsChaos } from './limits.ts';
import { foldHelp } from '../terminal/fold.ts';
import { endWith } from '../terminal/usage-error.ts';

const help = `npm run chaos [-- --only delivery|limits|failover|homes|hostile] [--seconds <number>] [--seed <text>] [--json]

delivery  1 % of the tasks delivered twice, deliver-events and chat-completions killed at random, Cloud Tasks away for a time, BigQuery away for a
          time; running calls that the sweeper takes for dead. Every call that returned a byte must end in exactly one row, and counters and rows
          must agree.
limits    several instances over one Redis, each killed or ended by SIGTERM at any time; providers that fail, stall and cut; Redis paused and
          restarted; queue and warehouse away; callers that leave. Every invariant of the limiter must hold.
failover  a replica that missed the master's last second takes its place. Every invariant must hold but for the calls of that second.
homes     two homes of a model that fail, lie, hang, cut and come back, and one that is well: no caller may see it, and each call has one row and one charge.
hostile   callers that send heavy bodies, trickle or read nothing, providers that answer without end or what is no answer. Everybody else must be served,
          every call end, and no function die.

--seconds   how long each of delivery's two outages lasts, and the load of limits, failover, homes and hostile (60)
--seed      draws the faults and calls of limits, failover, homes and hostile; the same seed draws the same again
--json      the results on stdout instead of tables
`;

function readOptions() {
  return parseArgs({
    options: {
      only: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  }).values;
}

let values: ReturnType<typeof readOptions>;
try {
  values = readOptions();
} catch (error) {
  endWith(error, 'npm run chaos --');
  process.exit();
}
if (values.help === true) {
  console.log(foldHelp(help));
  process.exit(0);
}
const seconds = Number(values.seconds ?? 60);
if (!(seconds >= 5 && seconds <= 3600)) refuse(`--seconds ${values.seconds ?? ''}: give a number from 5 to 3600`);
const { only, seed = randomUUID().slice(0, 8) } = values;
const say = (text: string): void => {
  if (values.json !== true) console.log(text);
};

const runs = {
  delivery: () => deliveryChaos({ outageMs: seconds * 1000, say }),
  limits: () => limitsChaos({ seed, loadMs: seconds * 1000, instances: 3, workers: 8, say }),
  failover: () => failoverChaos({ seed, loadMs: seconds * 1000, missedMs: 1_000, instances: 2, workers: 8, say }),
  homes: () => homesChaos({ seed, loadMs: seconds * 1000, workers: 8, say }),
  hostile: () => hostileChaos({ seed, loadMs: seconds * 1000, say }),
};
if (only !== undefined && !Object.hasOwn(runs, only))
  refuse(`--only ${only}: give ${Object.keys(runs).join(', ')}, or leave it out for all`);
const results: Record<string, ChaosResult> = {};
let faulty = false;
for (const [name, run] of Object.entries(runs)) {
  if (only !== undefined && only !== name) continue;
  const result = await run();
  results[name] = result;
  faulty ||= result.faults.length > 0;
  if (values.json !== true) console.table(result.figures);
  for (const fault of result.faults) console.error(`FAULT: ${fault}`);
}
if (values.json === true) console.log(JSON.stringify({ seed, ...results }, null, 2));
if (faulty) console.error(`what was drawn comes from this seed: --seconds ${seconds} --seed ${seed}`);
process.exit(faulty ? 1 : 0);

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}
