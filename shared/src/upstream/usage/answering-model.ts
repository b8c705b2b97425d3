// The price of a call to a name that its provider moves from model to model (`…-latest`): that of the model which the
// answer names. Not what it used.

import type { Call } from '../call.ts';
import type { ServedUsage } from './served-usage.ts';

/**
 * Bills a moving name (`…-latest`), and one that the catalogue does not know, as the model that the answer names. Where
 * the answer to a moving name names none, the price may be another model's: a qualifier without a price marks the row.
 */
export function byAnsweringModel(
  { model, provider, asked }: Pick<Call, 'model' | 'provider' | 'asked'>,
  answered: string | null,
  parts: readonly ServedUsage[],
): readonly ServedUsage[] {
  if (model === null || (model.known && !model.row.moving)) return parts;
  const name = answered === null ? null : bare(answered, provider.id);
  if (name === null && !model.row.moving) return parts;
  const same = name !== null && [asked, model.name].some((one) => one.toLowerCase() === name.toLowerCase());
  if (same) return parts;
  return parts.map((part) => {
    if (part.model !== null) return part;
    return name === null ? { ...part, qualifiers: { ...part.qualifiers, model: 'unnamed' } } : { ...part, model: name };
  });
}

/** Some homes answer with their own spelling. */
function bare(answered: string, provider: string): string {
  const prefix = [`${provider}/`, 'models/'].find((one) => answered.toLowerCase().startsWith(one));
  return prefix === undefined ? answered : answered.slice(prefix.length);
}
