// `npm run clients`: real clients, unmodified, against the gateway on this machine; prints what each of them met.

import path from 'node:path';
import { parseArgs } from 'node:util';
import { startGateway, type TestGateway } from '../local/test-gateway.ts';
import { drive, type Target } from './drive.ts';
import { gzipRows, writeGzipResults, type GzipResult } from './gzip-results.ts';
import { install } from './install.ts';
import { pinOf, readClients, type Client } from './pins.ts';
import { startRecorder } from './recorder.ts';
import { rowsOf, writeResults, type Result } from './results.ts';
import { startStandIn, type MatrixStandIn } from './stand-in/stand-in.ts';
import { exitWith } from '../terminal/exit.ts';

const root = path.resolve(import.meta.dirname, '../..');
const standInKey = 'matrix-key';
/** An agent's turns, and every case of every client: far from any quota. */
const requestsMax = 1_000_000;

const usage = `usage: npm run clients [-- --only NAME…] [--direct | --gzip] [--json] [--write]

Installs pinned versions of real clients from npm and PyPI into .local/clients,
points them at the gateway on this machine (started here, with a stand-in for
the providers), and prints for each what works, or the first difference.

  --only NAME   this client alone (again for more): scripts/clients/clients.json
  --direct      at the stand-in itself, without a gateway: what fails there too
                is not the gateway's fault
  --gzip        at a gateway that compresses streams: who asks for gzip, and
                whether its first text comes at once
  --json        the results as JSON
  --write       keep them in scripts/clients/results.json (of --gzip:
                gzip.json) and README.md
`;

async function main(words: readonly string[]): Promise<number> {
  const options = readOptions(words);
  if (typeof options === 'number') return options;
  const clients = readClients().filter(({ id }) => options.only.length === 0 || options.only.includes(id));
  const unknown = options.only.filter((id) => !clients.some((client) => client.id === id));
  if (unknown.length > 0) {
    console.error(
      `npm run clients: no client ${unknown.join(', ')}; there are ${readClients()
        .map(({ id }) => id)
        .join(', ')}`,
    );
    return 2;
  }
  if (options.direct && options.gzip) {
    console.error('npm run clients: --gzip is about the gateway, --direct goes past it; leave one out');
    return 2;
  }
  if (options.direct && options.write) {
    console.error(
      'npm run clients: --write keeps what clients met at the gateway, --direct goes past it; leave one out',
    );
    return 2;
  }
  const results: (Result | GzipResult)[] = [];
  const standIn = await startStandIn(standInKey);
  try {
    const gateway = options.direct ? null : await startGateway({ env: environment(standIn, options.gzip) });
    try {
      const direct = gateway === null ? { url: standIn.url, token: standInKey } : await targetOf(gateway);
      const recorder = options.gzip ? await startRecorder(direct.url) : null;
      const target = recorder === null ? direct : { ...direct, url: recorder.url };
      for (const client of clients) {
        const met = await resultOf(client, target);
        const result = recorder === null ? met : { ...met, encodings: recorder.take() };
        results.push(result);
        // One by one: a run of an hour that is cut off has not been for nothing.
        if (options.write) write(result);
        if (!options.json) print(result);
      }
      await recorder?.close();
    } finally {
      await gateway?.stop();
    }
  } finally {
    await standIn.close();
  }
  if (options.json) console.log(JSON.stringify(results, null, 2));
  return results.every(works) ? 0 : 1;
}

async function targetOf(gateway: TestGateway): Promise<Target> {
  const { token } = await gateway.subscription({ limit: requestsMax });
  return { url: gateway.url, token };
}

async function resultOf(client: Client, target: Target): Promise<Result> {
  const date = new Date().toISOString().slice(0, 10);
  console.error(`${client.id}: installing`);
  const unavailable = await install(root, client);
  console.error(`${client.id}: ${unavailable === null ? 'running' : 'could not be installed'}`);
  const outcomes = unavailable === null ? await drive(root, client, target) : [];
  return { id: client.id, pin: pinOf(client), date, unavailable, outcomes };
}

/** One stand-in for the dialects of all providers. */
function environment({ url }: MatrixStandIn, gzip: boolean): Record<string, string> {
  return {
    ...Object.fromEntries(
      ['ANTHROPIC', 'OPENAI', 'GOOGLE'].flatMap((name) => [
        [`CODY_GATEWAY_${name}_BASE_URL`, url],
        [`CODY_GATEWAY_${name}_ACCESS_TOKEN`, standInKey],
      ]),
    ),
    ...(gzip && { CODY_GATEWAY_STREAM_COMPRESSION: 'gzip' }),
  };
}

function write(result: Result | GzipResult): void {
  if ('encodings' in result) writeGzipResults([result]);
  else writeResults([result]);
}

function works({ unavailable, outcomes }: Result): boolean {
  return unavailable === null && outcomes.every(({ difference }) => difference === null);
}

function print(result: Result | GzipResult): void {
  if ('encodings' in result) return console.log(gzipRows([result])[0]?.join('  '));
  for (const { client, version, mode, result: text } of rowsOf([result]))
    console.log([client.padEnd(20), version.padEnd(32), mode.padEnd(20), text].join('  '));
}

function readOptions(
  words: readonly string[],
): { only: string[]; direct: boolean; gzip: boolean; json: boolean; write: boolean } | number {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        only: { type: 'string', multiple: true, default: [] },
        direct: { type: 'boolean', default: false },
        gzip: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help !== true) return values;
    process.stdout.write(usage);
    return 0;
  } catch (error) {
    console.error(`npm run clients: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
}

await exitWith(await main(process.argv.slice(2)));
