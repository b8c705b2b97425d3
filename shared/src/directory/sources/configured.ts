// Which sources this deployment has, by its configuration. Not how they are asked.

import type { Config } from '../../config/config.ts';
import type { AccessSource } from './access-source.ts';
import { portalSubscriptions } from './portal.ts';
import { sourcegraphSubscriptions, sourcegraphUsers } from './sourcegraph.ts';

/**
 * At most one for each kind of token: Enterprise Portal where it is set, otherwise Sourcegraph.com; users are
 * Sourcegraph.com's alone.
 */
export function accessSources(config: Config, now: () => number): AccessSource[] {
  const { dotcomAccessToken, dotcomApiUrl, dotcomClientId, portalUrl, samsClientId, samsClientSecret } = config;
  const userAgent = `Cody-Gateway/${config.environment} ${config.version}`;
  const sources: AccessSource[] = [];
  const sourcegraph =
    dotcomAccessToken === null
      ? null
      : { url: dotcomApiUrl, token: dotcomAccessToken, clientId: dotcomClientId, userAgent };
  if (portalUrl !== null && samsClientId !== null && samsClientSecret !== null)
    sources.push(
      portalSubscriptions({
        url: portalUrl,
        accountsUrl: config.accountsUrl,
        clientId: samsClientId,
        clientSecret: samsClientSecret,
        userAgent,
        now,
      }),
    );
  else if (sourcegraph !== null) sources.push(sourcegraphSubscriptions(sourcegraph));
  if (sourcegraph !== null) sources.push(sourcegraphUsers(sourcegraph));
  return sources;
}
