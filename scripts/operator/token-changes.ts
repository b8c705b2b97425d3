// `tokens issue | revoke`: the tokens of a subscription by an operator's hand. Deriving one is tokens.ts.

import { hashToken, issueToken, revokeToken } from '@cody-gateway/shared/directory';
import { oneLine } from '@cody-gateway/shared/telemetry';
import { confirm, readArguments, UsageError, type Command } from './command.ts';
import { readAuthor, reasonHelp } from './author.ts';
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
      const deployment = await deploymentOf(options.project);
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
      const deployment = await deploymentOf(options.project);
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
