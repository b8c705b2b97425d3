// `tokens issue | revoke`: the tokens of a subscription by an operator's hand. Deriving one is tokens.ts.

import { hashToken, issueToken, revokeToken } from '@cody-gateway/shared/directory';
import { oneLine } from '@cody-gateway/shared/telemetry';
import { readArguments, UsageError, type Command } from './command.ts';
import { readAuthor, reasonHelp } from './author.ts';
import { askConsent, requireConsent, yesHelp } from './consent.ts';
import { idOf, subscriptionHelp } from './subscription-handle.ts';
import { withDirectory } from './deployment.ts';
import { withCopies } from './redis.ts';
import { changedOutput, inForce } from './subscription-changes.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';
import { readSecret } from './tokens.ts';

/** The commands that write tokens. */
export const tokenChangeCommands: readonly Command[] = [
  {
    name: 'tokens issue',
    summary: 'one more token for a subscription that an operator made; printed once',
    help: `usage: npm run gateway -- tokens issue <subscription> --reason <text> [--project <id>] [--json]

${subscriptionHelp}${reasonHelp}${whereHelp}
Subscriptions of Sourcegraph.com have the tokens of their licences. To change a token: issue one, hand it over, revoke the old one.

example:
  npm run gateway -- tokens issue acme --reason "yearly rotation"
`,
    run: async (args) => {
      const { options, words } = readArguments(args, ['reason', 'project'], ['<subscription>']);
      const [handle = ''] = words;
      const deployment = await deploymentOf(options.project);
      const id = await idOf(deployment, handle);
      const author = await readAuthor(options.reason, deployment);
      const { token, ...changed } = await withCopies(deployment, (copies) =>
        withDirectory(deployment, (directory) => issueToken(directory, copies, id, author)),
      );
      return {
        text: `token       ${token}\n\nThe token is shown this once: only its hash is stored.`,
        json: { place: deployment.name, id: changed.id, token },
      };
    },
  },
  {
    name: 'tokens revoke',
    summary: 'takes a token off for good',
    help: `usage: npm run gateway -- tokens revoke (--token <token> | --hash <sha256>) --reason <text> --yes [--project <id>] [--json]

  --token          slk_ or sgs_ token; - reads it from standard input, which keeps it out of the shell's history
  --hash           SHA-256 of the token in hex, as logs and audit records tell it
${yesHelp} it refuses every call with that token, for good
${reasonHelp}${whereHelp}
A source that goes on listing the token does not bring it back.

example:
  npm run gateway -- tokens revoke --token - --reason "seen in a public repository" --yes < token.txt
`,
    run: async (args) => {
      const { options, yes } = readArguments(args, ['token', 'hash', 'reason', 'project']);
      if ((options.token === undefined) === (options.hash === undefined))
        throw new UsageError('give either --token or --hash');
      const what = 'refuses every call with that token, for good';
      requireConsent({ yes, reason: options.reason }, what);
      const hash = options.token === undefined ? readHash(options.hash) : hashOf(readSecret(options.token, '--token'));
      const deployment = await deploymentOf(options.project);
      await askConsent(yes, what, 'revoke');
      const author = await readAuthor(options.reason, deployment);
      const changed = await withCopies(deployment, (copies) =>
        withDirectory(deployment, (directory) => revokeToken(directory, copies, hash, author)),
      );
      const { json } = changedOutput(changed, deployment);
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
