// What the directory knows of subscriptions, for commands that name customers; they work without it, and say so. Not
// what is named.

import { told, type Told } from '@cody-gateway/shared/console';
import { listSubscriptions, type SubscriptionEntry } from '@cody-gateway/shared/directory';
import { within } from '@cody-gateway/shared/telemetry';
import { withDirectory } from './deployment.ts';
import { deploymentOf } from './subscriptions.ts';

/** A larger directory is shown by ids beyond it. */
const entriesMax = 20_000;
const timeoutMs = 30_000;

/** Of the named project, or of the local cloud. A fault where there is none, or these credentials may not read it. */
export async function readEntries(project: string | undefined): Promise<Told<readonly SubscriptionEntry[]>> {
  let why = '';
  const read = async (): Promise<readonly SubscriptionEntry[]> => {
    const deployment = await deploymentOf(project);
    return withDirectory(deployment, (directory) => listSubscriptions(directory, entriesMax));
  };
  const late = (): never => {
    throw new Error(`the directory did not answer within ${timeoutMs / 1_000} s`);
  };
  const asked = within(read(), timeoutMs, late).then((value) => ({ value, readAtMs: Date.now() }));
  const answer = await told(asked, (error) => {
    why = error instanceof Error ? error.message : String(error);
  });
  return 'fault' in answer ? { fault: why } : answer;
}
