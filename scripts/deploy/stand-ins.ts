// Programs called gcloud, terraform and git as `npm run deploy` calls them: a bucket and functions in a folder, a plan
// of what differs. For its test; no cloud.

import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/** Puts the three programs into `dir/bin`, to be found by PATH; all that they know stands in `dir`. */
export function installPrograms(dir: string): { readonly bin: string; readonly calls: () => string[] } {
  const bin = path.join(dir, 'bin');
  mkdirSync(bin, { recursive: true });
  for (const program of ['gcloud', 'terraform', 'git']) {
    const file = path.join(bin, program);
    writeFileSync(
      file,
      `#!/bin/sh\nexec '${process.execPath}' --no-warnings '${import.meta.filename}' '${dir}' ${program} "$@"\n`,
    );
    chmodSync(file, 0o755);
  }
  const log = path.join(dir, 'calls');
  return { bin, calls: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []) };
}

/** A failure as the real program tells it. */
class Failure extends Error {}

interface Facts {
  /** Answers of git. */
  readonly git: Readonly<Record<string, string>>;
  /** Addresses that a plan touches besides what is asked for. */
  readonly others: readonly string[];
  readonly applyFails?: boolean;
}

function act(dir: string, program: string, args: readonly string[]): string {
  const facts = JSON.parse(readFileSync(path.join(dir, 'facts.json'), 'utf8')) as Facts;
  const option = (name: string): string | undefined =>
    args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
  if (program === 'git') return facts.git[args[0] === 'log' ? 'log' : args.join(' ')] ?? '';
  const bucket = (url: string): string => path.join(dir, 'bucket', url.replace('gs://', ''));
  const functionFile = (name: string): string => path.join(dir, 'functions', `${name}.json`);
  if (program === 'gcloud') {
    const [group, verb, third = ''] = args;
    if (group === 'functions' && verb === 'describe') {
      if (!existsSync(functionFile(third)))
        throw new Failure(`ERROR: (gcloud.functions.describe) Resource '${third}' was not found`);
      return readFileSync(functionFile(third), 'utf8');
    }
    if (group === 'compute' || group === 'redis') return '10.0.0.3\n';
    if (group === 'run') return actOnTraffic(functionFile, args);
    if (group !== 'storage') throw new Failure(`ERROR: (gcloud) Invalid choice: '${group ?? ''}'.`);
    if (verb === 'ls') {
      const names = existsSync(bucket(third)) ? readdirSync(bucket(third)).filter((name) => name.endsWith('.zip')) : [];
      if (names.length === 0) throw new Failure('ERROR: (gcloud.storage.ls) One or more URLs matched no objects.');
      return names.map((name) => `${third}${name}\n`).join('');
    }
    const described = `${bucket(args[3] ?? '')}.tag`;
    if (verb === 'objects' && !existsSync(described))
      throw new Failure(`ERROR: (gcloud.storage.objects.describe) ${args[3] ?? ''} not found: 404.`);
    if (verb === 'objects') return JSON.stringify({ custom_fields: { tag: readFileSync(described, 'utf8') } });
    if (verb === 'cat' || verb === 'rm') {
      if (!existsSync(bucket(third))) throw new Failure(`ERROR: (gcloud.storage.${verb}) The URLs matched no objects.`);
      if (verb === 'cat') return readFileSync(bucket(third), 'utf8');
      rmSync(bucket(third));
      return '';
    }
    if (verb !== 'cp') throw new Failure(`ERROR: (gcloud.storage) Invalid choice: '${verb ?? ''}'.`);
    const [from = '', to = ''] = args.slice(2).filter((arg) => !arg.startsWith('--'));
    const target = bucket(to);
    if (args.includes('--no-clobber') && existsSync(target)) return '';
    if (option('if-generation-match') === '0' && existsSync(target))
      throw new Failure('ERROR: HTTPError 412: At least one of the pre-conditions you specified did not hold.');
    mkdirSync(path.dirname(target), { recursive: true });
    copyFileSync(from.startsWith('gs://') ? bucket(from) : from, target);
    const tag = option('custom-metadata')?.replace('tag=', '');
    if (tag !== undefined) writeFileSync(`${target}.tag`, tag);
    return '';
  }
  const root = args[0]?.replace('-chdir=', '') ?? '';
  const verb = args[1];
  if (verb === 'init') return '';
  if (verb === 'plan') {
    const names = args.flatMap((arg) => /^-target=module\.gateway\.module\.function\["(.+)"\]$/.exec(arg)?.[1] ?? []);
    const out = args.find((arg) => arg.startsWith('-out='))?.slice(5) ?? '';
    writeFileSync(out, JSON.stringify(names));
    return '';
  }
  const planFile = args.at(-1) ?? '';
  const names = JSON.parse(readFileSync(planFile, 'utf8')) as string[];
  if (verb === 'show') {
    const change = (address: string, actions: readonly string[]): object => ({ address, change: { actions } });
    return JSON.stringify({
      resource_changes: [
        ...names.map((name) =>
          change(`module.gateway.module.function["${name}"].google_cloudfunctions2_function.this`, ['update']),
        ),
        ...facts.others.map((address) => change(address, ['update'])),
      ],
    });
  }
  if (verb === 'apply' && facts.applyFails === true) throw new Failure('Error: quota exceeded');
  if (verb !== 'apply') throw new Failure(`Terraform has no command named "${verb ?? ''}".`);
  const text = readFileSync(path.join(root, 'main.tf'), 'utf8');
  const project = /project_id = "([^"]+)"/.exec(text)?.[1] ?? '';
  for (const name of names) {
    const tag = readFileSync(`${bucket(`gs://${project}-releases/${name}/insiders.zip`)}.tag`, 'utf8');
    const was = existsSync(functionFile(name))
      ? (JSON.parse(readFileSync(functionFile(name), 'utf8')) as Deployed)
      : null;
    const before = was?.n ?? 0;
    const revision = `${name}-0000${before + 1}`;
    // As the platform does: all to the newest, unless Terraform says otherwise.
    const gradual = new RegExp(`gradual_functions\\s*=\\s*\\[[^\\]]*"${name}"`).test(text);
    const traffic = gradual && was !== null ? was.traffic : [{ revisionName: revision, percent: 100 }];
    mkdirSync(path.join(dir, 'functions'), { recursive: true });
    writeFileSync(
      functionFile(name),
      JSON.stringify({
        n: before + 1,
        traffic,
        state: 'ACTIVE',
        updateTime: '2026-11-24T10:00:00Z',
        serviceConfig: {
          revision,
          uri: `https://${name}.example.com`,
          allTrafficOnLatestRevision: traffic.length === 1 && traffic[0]?.revisionName === revision,
          environmentVariables: { CODY_GATEWAY_VERSION: tag },
        },
      }),
    );
  }
  return '';
}

/** A function as it is kept here. */
interface Deployed {
  /** How many revisions there were. */
  readonly n: number;
  readonly traffic: readonly { readonly revisionName: string; readonly percent: number }[];
  readonly serviceConfig: { readonly revision: string };
}

/** gcloud run services describe | update-traffic, gcloud run revisions list. */
function actOnTraffic(functionFile: (name: string) => string, args: readonly string[]): string {
  const option = (name: string): string =>
    args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3) ?? '';
  const name = args[1] === 'revisions' ? option('service') : (args[3] ?? '');
  if (!existsSync(functionFile(name)))
    throw new Failure(`ERROR: (gcloud.run.services.describe) Cannot find service [${name}]`);
  const deployed = JSON.parse(readFileSync(functionFile(name), 'utf8')) as Deployed;
  const { n, traffic, serviceConfig } = deployed;
  if (args[1] === 'revisions') return Array.from({ length: n }, (_, i) => `${name}-0000${n - i}\n`).join('');
  if (args[2] === 'describe')
    return JSON.stringify({ status: { latestReadyRevisionName: serviceConfig.revision, traffic } });
  if (args[2] !== 'update-traffic')
    throw new Failure(`ERROR: (gcloud.run.services) Invalid choice: '${args[2] ?? ''}'.`);
  const next = option('to-revisions')
    .split(',')
    .map((pair) => pair.split('='))
    .map(([revisionName = '', percent]) => ({ revisionName, percent: Number(percent) }));
  if (next.reduce((sum, { percent }) => sum + percent, 0) !== 100)
    throw new Failure('ERROR: (gcloud.run.services.update-traffic) Over 100% of traffic is specified.');
  const kept = next.filter(({ percent }) => percent > 0);
  const all = kept.length === 1 && kept[0]?.revisionName === serviceConfig.revision;
  writeFileSync(
    functionFile(name),
    JSON.stringify({
      ...deployed,
      traffic: kept,
      serviceConfig: { ...serviceConfig, allTrafficOnLatestRevision: all },
    }),
  );
  return '';
}

if (import.meta.main) {
  const [dir = '', program = '', ...args] = process.argv.slice(2);
  appendFileSync(path.join(dir, 'calls'), `${program} ${args.join(' ')}\n`);
  try {
    process.stdout.write(act(dir, program, args));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
