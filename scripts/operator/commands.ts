// All commands of the operator's, by what they are about; and which one words stand for. What commands do is in their
// own files.

import { nearestNames } from '@cody-gateway/shared/catalogue';
import { auditCommands } from './audit.ts';
import { budgetCommands } from './budgets.ts';
import type { Command } from './command.ts';
import { removalCommands } from './catalogue-removals.ts';
import { completionCommands } from './completion.ts';
import { deadLetterCommands } from './dead-letters.ts';
import { eventsPlaceCommands } from './events-place.ts';
import { flaggedRequestCommands } from './flagged-requests.ts';
import { homeCommands } from './homes.ts';
import { limitCommands } from './limits.ts';
import { modelChangeCommands } from './model-changes.ts';
import { modelCommands } from './models.ts';
import { priceCommands } from './prices.ts';
import { compareCommands } from './prices-compare.ts';
import { repriceCommands } from './prices-reprice.ts';
import { providerCommands } from './providers.ts';
import { reconcileCommands } from './reconcile.ts';
import { savedQueryCommands } from './saved-queries.ts';
import { subscriptionChangeCommands } from './subscription-changes.ts';
import { subscriptionPromptCommands } from './subscription-prompts.ts';
import { subscriptionCommands } from './subscriptions.ts';
import { tokenChangeCommands } from './token-changes.ts';
import { tokenCommands } from './tokens.ts';
import { costCommands } from './usage-cost.ts';
import { exportCommands } from './usage-export.ts';
import { reportCommands } from './usage-report.ts';
import { usageCommands } from './usage-show.ts';
import { tagCommands } from './usage-tags.ts';

const withoutCompletion: readonly Command[] = [
  ...subscriptionCommands,
  ...subscriptionChangeCommands,
  ...subscriptionPromptCommands,
  ...tokenCommands,
  ...tokenChangeCommands,
  ...limitCommands,
  ...budgetCommands,
  ...modelCommands,
  ...modelChangeCommands,
  ...providerCommands,
  ...removalCommands,
  ...homeCommands,
  ...priceCommands,
  ...repriceCommands,
  ...compareCommands,
  ...usageCommands,
  ...costCommands,
  ...tagCommands,
  ...reportCommands,
  ...exportCommands,
  ...savedQueryCommands,
  ...flaggedRequestCommands,
  ...auditCommands,
  ...deadLetterCommands,
  ...eventsPlaceCommands,
  ...reconcileCommands,
];

/** Each is called by two words, a noun and a verb. */
export const commands: readonly Command[] = [...withoutCompletion, ...completionCommands(withoutCompletion)];

/** Nouns with their commands, in the order of `commands`. */
export const nouns: ReadonlyMap<string, readonly Command[]> = Map.groupBy(
  commands,
  ({ name }) => name.split(' ')[0] ?? '',
);

/** What words stand for: a command, a noun, or nothing, with what may have been meant. */
export type Meant =
  | { readonly command: Command }
  | { readonly noun: string; readonly commands: readonly Command[] }
  | { readonly unknown: string; readonly hint: string | null };

/** @param words up to the first option; at least one */
export function meantBy(words: readonly string[]): Meant {
  const [noun = '', verb] = words;
  const own = nouns.get(noun);
  if (own !== undefined && verb === undefined) return { noun, commands: own };
  const command = own?.find(({ name }) => name === `${noun} ${verb ?? ''}`);
  if (command !== undefined) return { command };
  const typed = [noun, ...(verb === undefined ? [] : [verb])].join(' ');
  if (own !== undefined) {
    const verbs = own.map(({ name }) => name.slice(noun.length + 1));
    const near = nearestNames(verb ?? '', verbs);
    const hint = near.length > 0 ? didYouMean(near.map((one) => `${noun} ${one}`)) : `${noun} has ${verbs.join(', ')}.`;
    return { unknown: typed, hint };
  }
  const turned = commands.find(({ name }) => name === `${verb ?? ''} ${noun}`);
  if (turned !== undefined) return { unknown: typed, hint: didYouMean([turned.name]) };
  const near = nearestNames(noun, [...nouns.keys()]);
  for (const one of verb === undefined ? [] : near) {
    const verbs = (nouns.get(one) ?? []).map(({ name }) => name.slice(one.length + 1));
    const [meantVerb] = verbs.includes(verb ?? '') ? [verb ?? ''] : nearestNames(verb ?? '', verbs);
    if (meantVerb !== undefined) return { unknown: typed, hint: didYouMean([`${one} ${meantVerb}`]) };
  }
  return { unknown: typed, hint: near.length === 0 ? null : didYouMean(near) };
}

const didYouMean = (names: readonly string[]): string => `did you mean ${names.join(' or ')}?`;
