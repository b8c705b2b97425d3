// `npm run chaos`: breaks the running local cloud on purpose and counts what became of every call. A command, not a test: it takes its time and draws lots.

import { parseArgs } from 'node:util';
import { deliveryChaos } from './delivery.ts';

const help = `npm run chaos [-- --seconds <number>] [--json]

Delivery under load: 1 % of the tasks delivered twice, deliver-events and chat-completions killed at random, Cloud Tasks away for a time, BigQuery
away for a time; running calls that the sweeper takes for dead. Every call that returned a byte must end in exactly one row, and counters and rows must agree.

--seconds   how long each of the two outages lasts (60)
--json      the result on stdout instead of a table
`;

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help === true) {
  console.log(help);
  process.exit(0);
}
const seconds = Number(values.seconds ?? 60);
if (!(seconds >= 5 && seconds <= 3600)) {
  console.error(`--seconds ${values.seconds ?? ''}: give a number from 5 to 3600`);
  process.exit(2);
}
const say = (text: string): void => {
  if (values.json !== true) console.log(text);
};
const result = await deliveryChaos({ outageMs: seconds * 1000, say });
if (values.json === true) console.log(JSON.stringify(result, null, 2));
else console.table(result.figures);
for (const fault of result.faults) console.error(`FAULT: ${fault}`);
process.exit(result.faults.length === 0 ? 0 : 1);
