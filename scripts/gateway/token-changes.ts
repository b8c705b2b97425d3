// `tokens issue | revoke`: the tokens of a subscription by an operator's hand. Deriving one is tokens.ts.

import { oneLine } from '@cody-gateway/shared/telemetry';
import { hashToken, issueToken, revokeToken } from '@cody-gateway/shared/auth';
import { confirm, readArguments, UsageError, type Command } from './command.ts';
import { readDeed, reasonHelp } from './deed.ts';
import { withDirectory } from './place.ts';
import { withCopies } from './redis.ts';
import { changedOutput, inForce } from './subscription-changes.ts';
import { placeOf, whereHelp } from './subscriptions.ts';
import { readSecret } from './tokens.ts';

/** The commands that write tokens. */
export const tokenChangeCommands: readonly Command[] = [
  {
    name: 'tokens issue',
    summary: 'one more token for a subscription that an operator made; printed once',
    help: `usage: npm run gateway -- tokens issue <id> --reason <text> [--project <id>] [--json]

  <id>             the subscription's UUID, with or without es_
${reasonHelp}${whereHelp}
Subscriptions of Sourcegraph.com have the tokens of their licences. To change a token: issue one, hand it over, revoke the old one.

example:
  npm run gateway -- tokens issue 6452a8fc-e650-45a7-a0a2-357f776b3b46 --reason "yearly rotation"
`,
    run: async (args) => {
      const { options, words } = readArguments(args, ['reason', 'project'], ['<id>']);
      const [id = ''] = words;
      const place = await placeOf(options.project);
      const deed = await readDeed(options.reason, place);
      const { token, ...changed } = await withCopies(place, (copies) =>
        withDirectory(place, (directory) => issueToken(directory, copies, id, deed)),
      );
      return {
        text: `token       ${token}\n\nThe token is shown this once: only its hash is stored.`,
        json: { place: place.name, id: changed.id, token },
      };
    },
  },
  {
    name: 'tokens revoke',
    summary: 'takes a token off for good',
    help: `usage: npm run gateway -- tokens revoke (--token <token> | --hash <sha256>) --reason <text> --yes [--project <id>] [--json]

  --token          slk_ or sgs_ token; - reads it from standard input, which keeps it out of the shell's history
  --hash           SHA-256 of the token in hex, as logs and audit records tell it
  --yes            it refuses every call with that token
${reasonHelp}${whereHelp}
A source that goes on listing the token does not bring it back.

example:
  npm run gateway -- tokens revoke --token - --reason "seen in a public repository" --yes < token.txt
`,
    run: async (args) => {
      const { options, yes } = readArguments(args, ['token', 'hash', 'reason', 'project']);
      if ((options.token === undefined) === (options.hash === undefined))
        throw new UsageError('give either --token or --hash');
      confirm(yes, 'refuses every call with that token, for good');
      const hash = options.token === undefined ? readHash(options.hash) : hashOf(readSecret(options.token, '--token'));
      const place = await placeOf(options.project);
      const deed = await readDeed(options.reason, place);
      const changed = await withCopies(place, (copies) =>
        withDirectory(place, (directory) => revokeToken(directory, copies, hash, deed)),
      );
      const { json } = changedOutput(changed, place);
      return {
        text: `revoked: a token of ${changed.id}, ${oneLine(changed.record.name)}. ${inForce(changed.published)}`,
        json,
      };
    },
  },
];

/** The value is a secret: no message repeats it. @throws UsageError */
function hashOf(token: string): string {
  if (!/^(slk|sgs)_[0-9a-f]{64}$/.test(token))
    throw new UsageError('--token is no token of a subscription: those are slk_ and 64 hex digits');
  return hashToken(token);
}

/** @throws UsageError */
function readHash(text = ''): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new UsageError('--hash is not the SHA-256 of a token: 64 hex digits');
  return text;
}
