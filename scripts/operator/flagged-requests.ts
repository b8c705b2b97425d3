// `flagged-requests list | show`: recorded prompts that were flagged, where an operator has switched the recording on. Reads Redis.

import type * as Serve from '@cody-gateway/shared/serve';
import { readArguments, UsageError, type Command } from './command.ts';
import { redisHelp, withRedis } from './redis.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';
import { formatTable } from './table.ts';

/** The commands about flagged requests. */
export const flaggedRequestCommands: readonly Command[] = [
  {
    name: 'flagged-requests list',
    summary: 'flagged prompts that are recorded (CODY_GATEWAY_FLAGGED_PROMPT_RECORDING)',
    help: `usage: npm run gateway -- flagged-requests list [--project <id>] [--json]

${whereHelp}${redisHelp}
example:
  npm run gateway -- flagged-requests list
`,
    run: async (args) => {
      const { options } = readArguments(args, ['project']);
      const deployment = await deploymentOf(options.project);
      const { listFlaggedPrompts } = await prompts();
      const { prompts: found, complete } = await withRedis(deployment, listFlaggedPrompts);
      const rows = found.map(({ key, userId, feature, traceId }) => [userId, feature, traceId, key]);
      const all = complete ? '' : '\n\nThere are more.';
      return {
        text:
          found.length === 0
            ? 'no flagged prompts are recorded'
            : `${formatTable(['USER', 'FEATURE', 'TRACE', 'KEY'], rows)}${all}`,
        json: { place: deployment.name, complete, prompts: found },
      };
    },
  },
  {
    name: 'flagged-requests show',
    summary: 'the text of one of them',
    help: `usage: npm run gateway -- flagged-requests show <key> [--project <id>] [--json]

  <key>            as flagged-requests list tells it
${whereHelp}${redisHelp}
example:
  npm run gateway -- flagged-requests show prompt:4bf92f3577b34da6a3ce929d0e0e4736:chat_completions:42
`,
    run: async (args) => {
      const { options, words } = readArguments(args, ['project'], ['<key>']);
      const [key = ''] = words;
      // Nothing else of Redis is to be read by this command.
      if (!key.startsWith('prompt:'))
        throw new UsageError('<key> is no key of a prompt: flagged-requests list tells them');
      const deployment = await deploymentOf(options.project);
      const { readFlaggedPrompt } = await prompts();
      const text = await withRedis(deployment, (store) => readFlaggedPrompt(store, key));
      if (text === null)
        throw new Error('there is no such prompt (any more): flagged-requests list tells those that are');
      return { text, json: { place: deployment.name, key, text } };
    },
  },
];

/** Loaded for these commands alone: the whole river stands behind that door, and every other command would wait for it. */
function prompts(): Promise<typeof Serve> {
  return import('@cody-gateway/shared/serve');
}
