// `audit list`: which operator wrote what, when and why.

import { subscriptionId } from '@cody-gateway/shared/directory';
import { listAudit } from '@cody-gateway/shared/documents';
import { readArguments, UsageError, type Command } from './command.ts';
import { withDirectory } from './deployment.ts';
import { deploymentOf, whereHelp } from './subscriptions.ts';
import { formatTable } from './table.ts';

const listedMost = 200;

/** The command about the audit records. */
export const auditCommands: readonly Command[] = [
  {
    name: 'audit list',
    summary: 'who wrote what, when and why, newest first',
    help: `usage: npm run gateway -- audit list [--subscription <id>] [--project <id>] [--json]

  --subscription   about this one alone: its UUID, with or without es_
${whereHelp}
The latest ${listedMost}. An outcome of "begun" means that nobody knows how it ended: see what stands.

example:
  npm run gateway -- audit list --subscription 6452a8fc-e650-45a7-a0a2-357f776b3b46
`,
    run: async (args) => {
      const { options } = readArguments(args, ['subscription', 'project']);
      const subject = options.subscription === undefined ? null : subscriptionId(options.subscription);
      if (subject === null && options.subscription !== undefined)
        throw new UsageError(`--subscription ${JSON.stringify(options.subscription)} is no UUID`);
      const deployment = await deploymentOf(options.project);
      const records = await withDirectory(deployment, (directory) => listAudit(directory, subject, listedMost));
      return {
        text:
          records.length === 0
            ? 'no audit records'
            : formatTable(
                ['WHEN', 'WHO', 'WHAT', 'ABOUT', 'CHANGE', 'OUTCOME', 'WHY'],
                records.map((one) => [
                  one.at.slice(0, 19),
                  one.who,
                  one.what,
                  one.subject ?? '-',
                  one.change,
                  one.outcome,
                  one.why,
                ]),
              ),
        json: { place: deployment.name, records },
      };
    },
  },
];
