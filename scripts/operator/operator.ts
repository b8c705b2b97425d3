// `npm run gateway`: the operator's command. Finds the command that is meant, prints what it says; what commands do is in their own files.

import { auditCommands } from './audit.ts';
import { UsageError, type Command } from './command.ts';
import { deadLetterCommands } from './dead-letters.ts';
import { eventsPlaceCommands } from './events-place.ts';
import { flaggedRequestCommands } from './flagged-requests.ts';
import { homeCommands } from './homes.ts';
import { limitCommands } from './limits.ts';
import { modelChangeCommands } from './model-changes.ts';
import { modelCommands } from './models.ts';
import { priceCommands } from './prices.ts';
import { repriceCommands } from './prices-reprice.ts';
import { providerCommands } from './providers.ts';
import { reconcileCommands } from './reconcile.ts';
import { savedQueryCommands } from './saved-queries.ts';
import { subscriptionChangeCommands } from './subscription-changes.ts';
import { subscriptionCommands } from './subscriptions.ts';
import { tokenChangeCommands } from './token-changes.ts';
import { tokenCommands } from './tokens.ts';
import { costCommands } from './usage-cost.ts';
import { reportCommands } from './usage-report.ts';
import { usageCommands } from './usage-show.ts';

const commands: readonly Command[] = [
  ...subscriptionCommands,
  ...subscriptionChangeCommands,
  ...tokenCommands,
  ...tokenChangeCommands,
  ...limitCommands,
  ...modelCommands,
  ...modelChangeCommands,
  ...providerCommands,
  ...homeCommands,
  ...priceCommands,
  ...repriceCommands,
  ...usageCommands,
  ...costCommands,
  ...reportCommands,
  ...savedQueryCommands,
  ...flaggedRequestCommands,
  ...auditCommands,
  ...deadLetterCommands,
  ...eventsPlaceCommands,
  ...reconcileCommands,
];
const program = 'npm run gateway --';

const help = `The gateway by an operator's hand. Works on the local cloud of npm start, or with --project on a real one.

usage: ${program} <command> [options]

${commands.map(({ name, summary }) => `  ${name.padEnd(22)} ${summary}`).join('\n')}

${program} <command> --help tells more.
`;

/** @returns the exit code: 0 done, 1 it failed, 2 the command line is wrong */
async function main(args: readonly string[]): Promise<number> {
  const wantsHelp = args.includes('--help') || args.includes('-h');
  const command = commands.find(({ name }) => name === args.slice(0, 2).join(' '));
  if (command === undefined) {
    const words = args.filter((arg) => !arg.startsWith('-')).slice(0, 2);
    // One word of two, such as `subscriptions --help`, is a question rather than a mistake.
    if (wantsHelp || words.length === 0) return print(help, words.length === 0 && !wantsHelp ? 2 : 0);
    return complain(`there is no command ${JSON.stringify(words.join(' '))}`, `${program} --help lists them`, 2);
  }
  if (wantsHelp) return print(command.help, 0);
  try {
    const { text, json } = await command.run(args.slice(2));
    return print(args.includes('--json') ? `${JSON.stringify(json, null, 2)}\n` : `${text}\n`, 0);
  } catch (error) {
    if (error instanceof UsageError) return complain(error.message, `${program} ${command.name} --help tells more`, 2);
    return complain(error instanceof Error ? error.message : String(error), null, 1);
  }
}

function print(text: string, code: number): number {
  process.stdout.write(text);
  return code;
}

function complain(what: string, hint: string | null, code: number): number {
  process.stderr.write(`gateway: ${what}\n${hint === null ? '' : `${hint}\n`}`);
  return code;
}

const code = await main(process.argv.slice(2));
// Firestore's client may still be trying something that nobody waits for.
process.exit(code);
