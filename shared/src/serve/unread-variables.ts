// One warning at start about variables that are set but never read: a misspelt one sets nothing.

import { nearestNames, type Catalogue } from '../catalogue/catalogue.ts';
import { variables, type Config } from '../config/config.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** @param catalogue its homes name variables that hold keys */
export function tellUnread(telemetry: Telemetry, { unread }: Config, catalogue: Catalogue): void {
  const secrets = catalogue.homes.flatMap(({ row }) => row.secrets);
  const known = [...Object.values(variables).map(({ name }) => name), ...secrets];
  const lines = unread
    .filter(({ name }) => !secrets.includes(name))
    .map(({ name, instead }) => (instead === null ? nearestTo(name, known) : `${name}: not read here: ${instead}`));
  if (lines.length > 0)
    telemetry.log('WARNING', `variables that nobody reads: ${lines.join('; ')}`, { variables: lines });
}

/** All names of ours begin alike, which is no likeness. */
const prefix = /^(CODY_GATEWAY|SAMS)_/;

function nearestTo(name: string, known: readonly string[]): string {
  const byRest = new Map(known.map((full) => [full.replace(prefix, ''), full]));
  const [nearest] = nearestNames(name.replace(prefix, ''), [...byRest.keys()], 1);
  const meant = nearest === undefined ? undefined : byRest.get(nearest);
  return meant === undefined ? `${name}: no such variable` : `${name}: no such variable; ${meant} is meant?`;
}
