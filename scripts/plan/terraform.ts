// Runs the real Terraform over a copy of the tree, with Google mocked: `terraform test` makes every resource of a
// root, and says which.

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { readOutput, type Refused, type Resource } from './rules/resources.ts';

const root = path.resolve(import.meta.dirname, '../..');
const runTimeoutMs = 10 * 60_000;

/** The folder of stand-ins for providers, for machines that can't reach the registry; as .ci/run has it. */
const offlineTool = path.resolve(root, '../shared/tools/terraform-offline');

/** Why nothing can be planned here; null where it can. */
export function missing(): string | null {
  try {
    execFileSync('terraform', ['version'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'terraform is not installed';
  }
}

/**
 * Copies what the roots are made of.
 * @param dir an empty folder
 * @param change what is done to a file's text
 * @throws Error of `change`
 */
export function copyTree(dir: string, change: (file: string, text: string) => string = (_file, text) => text): void {
  for (const file of [
    ...globSync('terraform/**/*.{tf,hcl,tftpl,json,sql,rules}', {
      cwd: root,
      exclude: (name) => name === '.terraform' || name === 'node_modules',
    }),
    ...globSync('functions/*/function.json', { cwd: root }),
  ]) {
    const target = path.join(dir, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, change(file, readFileSync(path.join(root, file), 'utf8')));
  }
}

/**
 * Plans one root of a copy: everything it would make, or what Terraform refused.
 * @param dir the copy @param env prod or dev @param mirror from `providers`
 */
export async function planRoot(
  dir: string,
  env: string,
  mirror: Readonly<Record<string, string>>,
): Promise<{ readonly resources: Resource[]; readonly refused: Refused[] }> {
  const cwd = path.join(dir, 'terraform/envs', env);
  // Its mocks, and one run without an assertion: what there is to assert is asserted over the data.
  const tests = readFileSync(path.join(cwd, 'tests/gateway.tftest.hcl'), 'utf8');
  writeFileSync(path.join(cwd, 'tests/plan.tftest.hcl'), `${tests.slice(0, tests.search(/^run /m))}run "plan" {}\n`);
  const env_ = { ...process.env, ...mirror, TF_IN_AUTOMATION: '1', TF_INPUT: '0', CHECKPOINT_DISABLE: '1' };
  const init = await output(['init', '-backend=false', '-no-color'], cwd, env_);
  if (!existsSync(path.join(cwd, '.terraform/modules'))) throw new Error(`terraform init failed in ${cwd}:\n${init}`);
  return readOutput(await output(['test', '-filter=tests/plan.tftest.hcl', '-json', '-verbose'], cwd, env_));
}

/** Where Terraform finds providers: stand-ins where the offline tool is (made in `dir`), else the registry. */
export function providers(dir: string): Record<string, string> {
  if (!existsSync(offlineTool)) return {};
  const files = globSync('*.{mjs,json,proto}', { cwd: offlineTool }).toSorted();
  const texts = files.map((file) => readFileSync(path.join(offlineTool, file)));
  const hash = createHash('sha256').update(Buffer.concat(texts)).digest('hex').slice(0, 16);
  const tool = path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'cody-gateway-plan', hash);
  if (!existsSync(path.join(tool, 'ready'))) {
    rmSync(tool, { recursive: true, force: true });
    mkdirSync(tool, { recursive: true });
    for (const file of files) cpSync(path.join(offlineTool, file), path.join(tool, file));
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], { cwd: tool });
    writeFileSync(path.join(tool, 'ready'), '');
  }
  const json = (file: string): Record<string, unknown> =>
    JSON.parse(readFileSync(path.join(tool, file), 'utf8')) as Record<string, unknown>;
  const versions = { google: json('schema.json')['version'], time: (json('extra.json')['time'] as never)['version'] };
  const platform = `${process.platform}_${process.arch === 'x64' ? 'amd64' : process.arch}`;
  for (const [name, version] of Object.entries(versions)) {
    const folder = path.join(dir, 'mirror/registry.terraform.io/hashicorp', name, String(version), platform);
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, `terraform-provider-${name}_v${String(version)}`);
    writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${tool}/provider.mjs' ${name}\n`);
    chmodSync(file, 0o755);
  }
  const config = path.join(dir, 'terraform.rc');
  writeFileSync(
    config,
    `provider_installation {\n  filesystem_mirror {\n    path    = "${dir}/mirror"\n    include = ["registry.terraform.io/*/*"]\n  }\n}\n`,
  );
  return { TF_CLI_CONFIG_FILE: config, TF_PLUGIN_TIMEOUT: '60s' };
}

/** What it printed, whatever it ended with. */
async function output(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn('terraform', args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: runTimeoutMs });
  const [out, error] = await Promise.all([child.stdout.toArray(), child.stderr.toArray()]);
  return Buffer.concat([...(out as Buffer[]), ...(error as Buffer[])]).toString();
}
