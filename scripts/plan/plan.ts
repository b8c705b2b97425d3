// `npm run check:plan`: what the roots would make, against the rules of this folder. Needs terraform, and the registry
// or the offline tool; not Google.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { endWith } from '../terminal/usage-error.ts';
import { readFunctionFiles } from '../functions/function-files.ts';
import { faultsIn, faultsInText } from './rules.ts';
import { standby, standbyFaults, writeStandbyRoot } from './standby.ts';
import { copyTree, missing, planRoot, providers } from './terraform.ts';

/**
 * Faults of both roots, and of a region that stands by for production, as lines.
 * @throws Error where Terraform could not be run
 */
async function check(): Promise<string[]> {
  const dir = mkdtempSync(path.join(tmpdir(), 'plan-'));
  try {
    const [tree, mirror, files] = [path.join(dir, 'tree'), providers(dir), await readFunctionFiles()];
    copyTree(tree);
    const faults = faultsInText(path.join(tree, 'terraform'));
    const lines = faults.map(({ rule, address, text }) => `${rule}: ${address}: ${text}`);
    writeStandbyRoot(tree);
    for (const env of ['prod', 'dev', standby]) {
      const { resources, refused } = await planRoot(tree, env, mirror);
      console.log(`${env}: ${resources.length} resources`);
      lines.push(...refused.map(({ summary, detail }) => `${env}: ${summary}: ${detail}`));
      if (refused.length === 0)
        lines.push(
          ...(env === standby
            ? standbyFaults({ env: 'prod', resources, files })
            : faultsIn({ env, resources, files })
          ).map(({ rule, address, text }) => `${env}: ${rule}: ${address}: ${text}`),
        );
    }
    return lines;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const usage = `usage: npm run check:plan

What the Terraform roots would make, and the root of a region that stands by,
against the rules of scripts/plan.`;

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { help: { type: 'boolean' } } });
  if (values.help === true) {
    console.log(usage);
    return 0;
  }
  const why = missing();
  if (why !== null) {
    console.error(why);
    return 2;
  }
  const faults = await check();
  for (const fault of faults) console.error(fault);
  return faults.length === 0 ? 0 : 1;
}

await main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => endWith(error, 'npm run check:plan --'),
);
