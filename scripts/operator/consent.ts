// What is taken from somebody is said before it is done: on the command line with --yes and --reason, or at a terminal
// by typing its name.

import { oneLine } from '@cody-gateway/shared/telemetry';
import { UsageError } from './command.ts';
import { fold } from '../terminal/fold.ts';
import { ask, canAsk } from '../terminal/question.ts';

/** What the command line says of it. */
export interface Consent {
  readonly yes: boolean;
  readonly reason: string | undefined;
}

/** For the help of commands that ask: what follows says what it does. */
export const yesHelp = "  --yes            don't ask first:";

/**
 * Where nobody can be asked, both must be given; at a terminal `askConsent` and `readAuthor` ask for what is missing.
 * @param what completes "this …", such as `deletes a subscription, for good`
 * @throws UsageError that names all that is missing
 */
export function requireConsent({ yes, reason }: Consent, what: string): void {
  demand(what, [...(yes ? [] : ['--yes']), ...((reason ?? '').trim() === '' ? ['--reason <text>'] : [])]);
}

/** The same for what is recorded without a reason. @throws UsageError */
export function requireYes(yes: boolean, what: string): void {
  demand(what, yes ? [] : ['--yes']);
}

function demand(what: string, missing: readonly string[]): void {
  if (missing.length > 0 && !canAsk())
    throw new UsageError(`this ${what}. Nothing was done: give ${missing.join(' and ')} to do it`);
}

/**
 * At a terminal, without --yes: goes on when the word is typed.
 * @param word the name of what it is about
 * @throws Error when something else is typed, or nothing
 */
export async function askConsent(yes: boolean, what: string, word: string): Promise<void> {
  if (yes) return;
  requireYes(yes, what);
  const wanted = oneLine(word).trim();
  const typed = await ask(`${fold(`This ${what}.`, process.stderr.columns)}\nType ${wanted} to do it: `);
  if (typed !== wanted) throw new Error('nothing was done');
}
