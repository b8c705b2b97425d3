// `tokens derive`: the gateway token that a client makes of a licence key or a personal access token. Needs no
// directory.

import { readFileSync } from 'node:fs';
import { deriveFromAccessToken, deriveFromLicenceKey } from '@cody-gateway/shared/directory';
import { readArguments, UsageError, type Command } from './command.ts';

/** The commands about tokens. */
export const tokenCommands: readonly Command[] = [
  {
    name: 'tokens derive',
    summary: 'the gateway token of a licence key or a personal access token',
    help: `usage: npm run gateway -- tokens derive (--licence-key <key> | --access-token <token>) [--json]

  --licence-key    licence key of a subscription; gives its slk_ token
  --access-token   personal access token of Sourcegraph.com; gives its sgd_ token

A value of - is read from standard input, which keeps it out of the shell's history and the list of processes.

example:
  npm run gateway -- tokens derive --licence-key - < licence.txt
`,
    run: async (args) => {
      const { options } = readArguments(args, ['licence-key', 'access-token']);
      const { 'licence-key': licenceKey, 'access-token': accessToken } = options;
      if ((licenceKey === undefined) === (accessToken === undefined))
        throw new UsageError('give either --licence-key or --access-token');
      const token =
        licenceKey === undefined
          ? deriveFromAccessToken(readSecret(accessToken ?? '', '--access-token'))
          : deriveFromLicenceKey(readSecret(licenceKey, '--licence-key'));
      // The value is a secret: the message does not repeat it.
      if (token === null)
        throw new UsageError('--access-token is no personal access token: those are sgp_ or sgph_ and 40 hex digits');
      return Promise.resolve({ text: token, json: { token } });
    },
  },
];

/** A secret as given, or from standard input for `-`. @throws UsageError when it is empty */
export function readSecret(value: string, option: string): string {
  const text = value === '-' ? readFileSync(0, 'utf8').trim() : value;
  if (text === '') throw new UsageError(`${option} is empty`);
  return text;
}
