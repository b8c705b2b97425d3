// `flagged-requests list | show`: recorded prompts that were flagged, where an operator has switched the recording on.
// Reads Redis; who reads a text is recorded.

import { audited } from '@cody-gateway/shared/documents';
import type * as Serve from '@cody-gateway/shared/serve';
import { readAuthor } from './author.ts';
import { readArguments, UsageError, type Command } from './command.ts';
import { withDirectory } from './deployment.ts';
import { redisHelp, withRedis } from './redis.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';
import { formatTable } from '../terminal/table.ts';

/** The commands about flagged requests. */
export const flaggedRequestCommands: readonly Command[] = [
  {
    name: 'flagged-requests list',
    summary: 'flagged prompts that are recorded (CODY_GATEWAY_FLAGGED_PROMPT_RECORDING)',
    help: `usage: npm run gateway -- flagged-requests list [--project <id>] [--json]

SPAN is span_id of the request's event and log line; a user quotes its trace_id, which stands beside it there.

${whereHelp}${redisHelp}
example:
  npm run gateway -- flagged-requests list
`,
    run: async (args) => {
      const { options } = readArguments(args, ['project']);
      const deployment = await deploymentOf(options.project);
      const { listFlaggedPrompts } = await prompts();
      const { prompts: found, complete } = await withRedis(deployment, listFlaggedPrompts);
      const rows = found.map(({ key, userId, feature, spanId }) => [userId, feature, spanId, key]);
      const all = complete ? '' : '\n\nThere are more.';
      return {
        text:
          found.length === 0
            ? 'no flagged prompts are recorded'
            : `${formatTable(['USER', 'FEATURE', 'SPAN', 'KEY'], rows)}${all}`,
        json: { place: deployment.name, complete, prompts: found },
      };
    },
  },
  {
    name: 'flagged-requests show',
    summary: 'the text of one of them',
    help: `usage: npm run gateway -- flagged-requests show <key> [--reason <text>] [--project <id>] [--json]

  <key>            as flagged-requests list tells it
  --reason <text>  why, for the audit record that reading leaves (audit list)
${whereHelp}${redisHelp}
example:
  npm run gateway -- flagged-requests show prompt:00f067aa0ba902b7:chat_completions:42
`,
    run: async (args) => {
      const { options, words } = readArguments(args, ['reason', 'project'], ['<key>']);
      const [key = ''] = words;
      // Nothing else of Redis is to be read by this command.
      if (!key.startsWith('prompt:'))
        throw new UsageError('<key> is no key of a prompt: flagged-requests list tells them');
      const deployment = await deploymentOf(options.project);
      const author = await readAuthor(options.reason ?? 'none given', deployment);
      const about = { what: 'flagged-requests show', subject: null, change: key };
      const { readFlaggedPrompt } = await prompts();
      const text = await withDirectory(deployment, (directory) =>
        audited(directory, author, about, async (tell) => {
          const found = await withRedis(deployment, (store) => readFlaggedPrompt(store, key));
          if (found === null) tell(null);
          return found;
        }),
      );
      if (text === null)
        throw new Error('there is no such prompt (any more): flagged-requests list tells those that are');
      return { text, json: { place: deployment.name, key, text }, verbatim: true };
    },
  },
];

/**
 * Loaded for these commands alone: the whole path of a request stands behind that door, and every other command would
 * wait for it.
 */
function prompts(): Promise<typeof Serve> {
  return import('@cody-gateway/shared/serve');
}
