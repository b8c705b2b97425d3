// One roll-out at a time in an environment: an object in the bucket of releases that its maker alone can make. Not
// Terraform's lock, which comes later.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { run, runOrNull } from './program.ts';

/**
 * Works while nobody else does.
 * @param url of the claim, gs://…
 * @param what is rolled out, for whoever is refused meanwhile
 * @throws Error that names who holds it since when, and how a claim that was left behind is removed
 */
export async function withClaim(url: string, what: string, work: () => Promise<void>): Promise<void> {
  const dir = mkdtempSync(path.join(tmpdir(), 'deploy-claim-'));
  const file = path.join(dir, 'claim');
  try {
    writeFileSync(file, `${userInfo().username} on ${hostname()} since ${new Date().toISOString()}, with ${what}\n`);
    try {
      // Generation 0: only where there is none.
      run('gcloud', ['storage', 'cp', '--if-generation-match=0', file, url]);
    } catch (error) {
      const holder = runOrNull('gcloud', ['storage', 'cat', url]);
      if (holder === null) throw error;
      throw new Error(
        `another roll-out is under way: ${holder.trim()}. If it is not, remove what it left behind: gcloud storage rm ${url}`,
        { cause: error },
      );
    }
    try {
      await work();
    } finally {
      run('gcloud', ['storage', 'rm', url]);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
}
