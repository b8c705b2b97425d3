// The name of a release: <build>_<YYYY-MM-DD>_<major.minor>-<12 hex of the commit>, as terraform/modules/function
// checks it.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** What a release is called. */
export const tagForm = /^(\d+)_\d{4}-\d{2}-\d{2}_\d+\.\d+-[0-9a-f]{12}$/;

/**
 * Of a commit: how many came before it, its day (UTC), the version in package.json, its hash. The same commit gives
 * the same tag.
 */
export function composeTag(facts: {
  count: number;
  committedSeconds: number;
  version: string;
  commit: string;
}): string {
  const day = new Date(facts.committedSeconds * 1000).toISOString().slice(0, 10);
  const tag = `${facts.count}_${day}_${facts.version.split('.', 2).join('.')}-${facts.commit.slice(0, 12)}`;
  if (!tagForm.test(tag)) throw new Error(`${tag} is no release tag`);
  return tag;
}

/** The tag of what is checked out. @throws Error while something is not committed: its tag would name other bytes */
export function currentTag(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  if (git('status', '--porcelain') !== '') throw new Error('something is not committed: a release is made of a commit');
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  return composeTag({
    count: Number(git('rev-list', '--count', 'HEAD')),
    committedSeconds: Number(git('log', '-1', '--format=%ct')),
    version,
    commit: git('rev-parse', 'HEAD'),
  });
}

/**
 * For production: what is checked out must be on main of a remote, where others can see it and build it again.
 * @throws Error when it is on this machine alone, or on a branch
 */
export function requirePublished(): void {
  const branches = execFileSync('git', ['branch', '--remotes', '--contains', 'HEAD', '--format=%(refname:lstrip=3)'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (!branches.split('\n').some((branch) => branch.trim() === 'main'))
    throw new Error(
      'this commit is on main of no remote: production runs what was merged. Push or merge it, run git fetch, check out main, then deploy',
    );
}

/** The one before `current` by build number, or null. */
export function previousTag(tags: readonly string[], current: string): string | null {
  const build = (tag: string): number => Number(tagForm.exec(tag)?.[1] ?? -1);
  const older = tags.filter((tag) => tagForm.test(tag) && build(tag) < build(current));
  return older.toSorted((a, b) => build(b) - build(a))[0] ?? null;
}
