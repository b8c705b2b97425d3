// LiteLLM's proxy as its documentation starts it, from PyPI: a peer that is measured where Python is there.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { folderOf, install, programsOf } from '../clients/install.ts';
import { spawnTied } from '../local/process/child-lifetime.ts';
import { freePort } from '../local/process/port.ts';

/** Pinned: a newer one is another row of the table. Versions whose parts PyPI does not have can't be taken. */
const litellm = { id: 'litellm', from: 'pypi', packages: { 'litellm[proxy]': '1.108.0' } } as const;
const startTimeoutMs = 90_000;
const root = path.resolve(import.meta.dirname, '../..');

/** A running proxy. */
export interface LiteLlm {
  /** With its version. */
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  readonly stop: () => void;
}

/**
 * One worker, as an instance of one vCPU has one, that relays to the provider with the key.
 * @throws Error where Python or the package is not to be had, or it does not answer in time
 */
export async function startLiteLlm(providerUrl: string, key: string): Promise<LiteLlm> {
  const reason = await install(root, litellm);
  if (reason !== null) throw new Error(`LiteLLM can't be measured here: ${reason}`);
  const config = path.join(folderOf(root, litellm), 'config.yaml');
  // JSON is YAML.
  const model = { model: 'openai/gpt-4o', api_base: `${providerUrl}/v1`, api_key: key };
  writeFileSync(
    config,
    JSON.stringify({
      model_list: [{ model_name: 'gpt-4o', litellm_params: model }],
      litellm_settings: { telemetry: false },
      general_settings: { master_key: key },
    }),
  );
  const port = await freePort();
  const args = ['--config', config, '--host', '127.0.0.1', '--port', String(port), '--num_workers', '1'];
  const child = spawnTied(path.join(programsOf(root, litellm), 'litellm'), args, {
    env: { PATH: process.env['PATH'] ?? '', HOME: folderOf(root, litellm), LITELLM_LOCAL_MODEL_COST_MAP: 'True' },
  });
  for (const stream of [child.stdout, child.stderr]) stream.resume();
  const stop = (): void => void child.kill('SIGKILL');
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + startTimeoutMs;
  while (Date.now() < deadline && child.exitCode === null) {
    const ready = await fetch(`${url}/health/liveliness`).then(
      async (response) => (await response.text(), response.ok),
      () => false,
    );
    if (ready) return { name: `litellm ${litellm.packages['litellm[proxy]']}`, url, pid: child.pid ?? 0, stop };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  stop();
  throw new Error(`litellm did not answer within ${startTimeoutMs / 1_000} s`);
}
