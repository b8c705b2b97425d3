// Programs called gcloud, terraform and git as `npm run deploy` calls them: a bucket and functions in a folder, a plan of what differs. For its test; no cloud.

import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
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
    if (verb !== 'cp') throw new Failure(`ERROR: (gcloud.storage) Invalid choice: '${verb ?? ''}'.`);
    const [from = '', to = ''] = args.slice(2).filter((arg) => !arg.startsWith('--'));
    const target = bucket(to);
    if (args.includes('--no-clobber') && existsSync(target)) return '';
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
  if (verb !== 'apply') throw new Failure(`Terraform has no command named "${verb ?? ''}".`);
  const text = readFileSync(path.join(root, 'main.tf'), 'utf8');
  const project = /project_id = "([^"]+)"/.exec(text)?.[1] ?? '';
  for (const name of names) {
    const tag = readFileSync(`${bucket(`gs://${project}-releases/${name}/insiders.zip`)}.tag`, 'utf8');
    const before = existsSync(functionFile(name))
      ? (JSON.parse(readFileSync(functionFile(name), 'utf8')) as { n: number }).n
      : 0;
    mkdirSync(path.join(dir, 'functions'), { recursive: true });
    writeFileSync(
      functionFile(name),
      JSON.stringify({
        n: before + 1,
        state: 'ACTIVE',
        updateTime: '2026-11-24T10:00:00Z',
        serviceConfig: { revision: `${name}-0000${before + 1}`, environmentVariables: { CODY_GATEWAY_VERSION: tag } },
      }),
    );
  }
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
