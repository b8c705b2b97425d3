// Which subscription is meant: by its UUID, or by its name where only one has it.

import { nearestNames } from '@cody-gateway/shared/catalogue';
import {
  findSubscription,
  findSubscriptionsNamed,
  listSubscriptions,
  subscriptionId,
  type SubscriptionEntry,
  type SubscriptionRecord,
} from '@cody-gateway/shared/directory';
import { oneLine } from '@cody-gateway/shared/telemetry';
import { withDirectory, type Deployment } from './deployment.ts';

/** For the help of commands that take one. */
export const subscriptionHelp = `  <subscription>   its UUID, with or without es_, or its name where unique
`;

/** Told of those that share a name. */
const namesakesMax = 10;
/** Looked through for a name that is nearly what was typed. */
const comparedMax = 1_000;

/** Its entry, also a malformed one. @throws Error when there is none, or several of that name */
export async function entryOf(deployment: Deployment, handle: string): Promise<SubscriptionEntry> {
  return withDirectory(deployment, async (directory) => {
    if (subscriptionId(handle) !== null) {
      const entry = await findSubscription(directory, handle);
      if (entry !== null) return entry;
      throw new Error(unknown(handle, deployment, ''));
    }
    const named = await findSubscriptionsNamed(directory, handle, namesakesMax + 1);
    const [entry, second] = named;
    if (entry !== undefined && second === undefined) return entry;
    if (entry !== undefined) {
      const ids = named.slice(0, namesakesMax).map(({ id }) => `  ${id}`);
      const more = named.length > namesakesMax ? '\n  …' : '';
      throw new Error(
        `${more === '' ? named.length : `more than ${namesakesMax}`} subscriptions are called ${JSON.stringify(handle)}: give the id of the one that is meant\n${ids.join('\n')}${more}`,
      );
    }
    const all = await listSubscriptions(directory, comparedMax);
    throw new Error(unknown(handle, deployment, meant(handle, all)));
  });
}

/** The same, which can be read. @throws Error when it is malformed, too */
export async function existing(
  deployment: Deployment,
  handle: string,
): Promise<{ id: string; record: SubscriptionRecord }> {
  const entry = await entryOf(deployment, handle);
  if ('fault' in entry) throw new Error(`${entry.fault}. It grants nothing until it is mended`);
  return entry;
}

/** The bare UUID; one that was given is not looked up. @throws Error for a name that nobody has, or several */
export async function idOf(deployment: Deployment, handle: string): Promise<string> {
  return subscriptionId(handle) ?? (await entryOf(deployment, handle)).id;
}

/** What an operator types to say that this one is meant. */
export function wordOf(entry: SubscriptionEntry): string {
  return 'record' in entry && oneLine(entry.record.name).trim() !== '' ? entry.record.name : entry.id;
}

function unknown(handle: string, { name }: Deployment, hint: string): string {
  return `there is no subscription ${JSON.stringify(handle)} in ${name}${hint}: subscriptions list shows those that are`;
}

function meant(handle: string, entries: readonly SubscriptionEntry[]): string {
  const names = entries.flatMap((entry) => ('record' in entry ? [entry.record.name] : []));
  const near = nearestNames(handle, [...new Set(names)]).map((name) => JSON.stringify(oneLine(name)));
  return near.length === 0 ? '' : `, did you mean ${near.join(' or ')}?`;
}
