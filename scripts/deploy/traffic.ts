// How the requests of one function are shared among its revisions, by Cloud Run. Its releases and tags are deploy.ts's.

import { run, runOrNull } from './program.ts';
import type { Root } from './root-file.ts';
import { UsageError } from '../terminal/usage-error.ts';

/** What a revision gets. */
export interface Share {
  readonly revision: string;
  readonly percent: number;
  readonly newest: boolean;
}

/** `gcloud run services describe --format=json`, as far as it is read here. */
interface Service {
  readonly status?: {
    readonly latestReadyRevisionName?: string;
    readonly traffic?: readonly { readonly revisionName?: string; readonly percent?: number }[];
  };
}

/** Who gets what, most first, and who is the newest. */
interface Traffic {
  readonly shares: Share[];
  readonly newest: string;
}

/**
 * Gives the newest revision its percent and the rest to the one that served most beside it, or else to the one made
 * before it. Revisions are named, never "the latest": what is deployed next waits, where Terraform's gradual_functions
 * has the function.
 * @param text whole percent for the newest; absent: nothing is moved
 * @returns who gets what now, most first
 * @throws Error in words for who typed it
 */
export function moveTraffic(target: Root, name: string, text: string | undefined): Share[] {
  const place = [`--region=${target.region}`, `--project=${target.project}`];
  const now = (): Traffic => {
    const told = runOrNull('gcloud', ['run', 'services', 'describe', name, ...place, '--format=json']);
    if (told === null) throw new Error(`${name} is not deployed in ${target.project}`);
    return read(JSON.parse(told) as Service, name);
  };
  const { shares, newest } = now();
  if (text === undefined) return shares;
  const percent = /^\d{1,3}$/.test(text) ? Number(text) : 101;
  if (percent > 100) throw new UsageError(`--percent ${JSON.stringify(text)} is not a whole number from 0 to 100`);
  const old = percent === 100 ? null : (shares.find((share) => !share.newest)?.revision ?? before(name, newest, place));
  const wanted = [`${newest}=${percent}`, ...(old === null ? [] : [`${old}=${100 - percent}`])];
  run('gcloud', ['run', 'services', 'update-traffic', name, `--to-revisions=${wanted.join(',')}`, ...place, '--quiet']);
  return now().shares;
}

function read({ status: { latestReadyRevisionName: newest, traffic = [] } = {} }: Service, name: string): Traffic {
  if (newest === undefined) throw new Error(`${name} has no revision that is ready`);
  const percents = new Map<string, number>();
  for (const { revisionName = newest, percent = 0 } of traffic)
    percents.set(revisionName, (percents.get(revisionName) ?? 0) + percent);
  if (!percents.has(newest)) percents.set(newest, 0);
  const shares = [...percents].map(([revision, percent]) => ({ revision, percent, newest: revision === newest }));
  return { newest, shares: shares.toSorted((a, b) => b.percent - a.percent) };
}

/** The revision made before the newest. */
function before(name: string, newest: string, place: readonly string[]): string {
  const made = run('gcloud', [
    'run', 'revisions', 'list', `--service=${name}`, ...place, '--sort-by=~metadata.creationTimestamp', '--limit=10', '--format=value(metadata.name)',
  ]); // prettier-ignore
  const old = made.split('\n').find((line) => line.trim() !== '' && line.trim() !== newest);
  if (old === undefined) throw new Error(`${newest} is the only revision of ${name}: there is nobody to share with`);
  return old.trim();
}
