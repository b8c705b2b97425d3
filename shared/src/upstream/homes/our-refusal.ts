// What callers are told where the fault is ours: never a provider's own words.

import { Refusal } from '../../http/http.ts';
import type { Blame, Call } from '../call.ts';

const words: Readonly<Partial<Record<Blame, string>>> = {
  money: 'does not serve the gateway’s account at present',
  access: 'does not let the gateway use this model at present',
};

/** @param status the provider's, for the log */
export function refusalOfOurs(blame: Blame, { provider }: Call, status: number): Refusal {
  const what = words[blame] ?? "did not accept the gateway's credentials";
  return new Refusal('upstream-credentials', `upstream provider ${provider.id} ${what}`, {
    detail: `upstream status ${status}`,
  });
}
