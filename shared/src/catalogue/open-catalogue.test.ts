// The catalogue of a process: every fault of its rows at once, from a text or from a file, and which keys are there.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ConfigError, loadConfig } from '../config/config.ts';
import { openCatalogue } from './open-catalogue.ts';

const dir = await mkdtemp(path.join(tmpdir(), 'catalogue-'));
after(() => rm(dir, { recursive: true }));
const nowMs = Date.parse('2026-11-28T10:00:00Z');
const open = (env: Record<string, string>) =>
  openCatalogue({
    config: loadConfig({ REDIS_ENDPOINT: 'x', CODY_GATEWAY_DIAGNOSTICS_SECRET: 'x', ...env }),
    nowMs,
    overlay: null,
    onFaults: (faults) => assert.fail(faults.join()),
  });

/** What a start is refused for. */
function faultsOf(setting: string): readonly string[] {
  try {
    open({ CODY_GATEWAY_CATALOGUE: setting });
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults;
  }
  return [];
}

test('every fault of every row is told at once', () => {
  const rows = {
    homes: [{ id: 'vllm', baseUrl: 'not an address', colour: 'red' }],
    models: [{ id: 'gpt' }],
    wishes: [],
  };
  const faults = faultsOf(JSON.stringify(rows));
  assert.equal(faults.length, 4, faults.join('\n'));
  for (const said of ['not an address', 'colour', '"gpt" is not a qualified model', 'wishes: no such kind'])
    assert.ok(
      faults.some((fault) => fault.startsWith('CODY_GATEWAY_CATALOGUE: ') && fault.includes(said)),
      said,
    );
});

test('rows that are good by themselves and lack something together are told too', () => {
  const faults = faultsOf(JSON.stringify({ homes: [{ id: 'acme-api', provider: 'acme', kind: 'none' }] }));
  assert.ok(faults.includes('CODY_GATEWAY_CATALOGUE: homes acme-api: baseUrl: no layer states it'), faults.join('\n'));
});

test('a text that is no JSON, and a file that is not there, are told as such', () => {
  assert.match(faultsOf('{"homes": [')[0] ?? '', /^CODY_GATEWAY_CATALOGUE is not JSON: /);
  assert.match(faultsOf('rows.jsn')[0] ?? '', /is neither JSON nor a file that can be read: ENOENT.*rows\.jsn/);
  assert.match(faultsOf('[]')[0] ?? '', /is not an object of lists/);
});

test('rows in a file are as good as rows in the variable', async () => {
  const file = path.join(dir, 'rows.json');
  const rows = JSON.stringify({ homes: [{ id: 'vllm', baseUrl: 'http://10.0.0.7:8000' }] });
  await writeFile(file, rows);
  for (const setting of [file, rows]) {
    const home = open({ CODY_GATEWAY_CATALOGUE: setting })
      .latest()
      .homes.find(({ row }) => row.id === 'vllm');
    assert.deepEqual([home?.status, home?.row.baseUrl], ['open', 'http://10.0.0.7:8000']);
  }
});

test('a home whose key is set is open; a key that is set but empty is none', async () => {
  const { current, latest } = open({ MISTRAL_API_KEY: 'k', GROQ_API_KEY: '' });
  const status = (id: string) => latest().homes.find(({ row }) => row.id === id)?.status;
  assert.deepEqual(['mistral-api', 'groq-api', 'xai-api'].map(status), ['open', 'no key', 'no key']);
  assert.equal(await current(nowMs), latest());
});

test('the variables of the original gateway are a layer: an organization belongs to its own home', () => {
  const { homes } = open({ CODY_GATEWAY_OPENAI_ORG_ID: 'org-1' }).latest();
  const organizations = homes.flatMap(({ row }) => (row.organization === null ? [] : [[row.id, row.organization]]));
  assert.deepEqual(organizations, [['openai-api', 'org-1']]);
});
