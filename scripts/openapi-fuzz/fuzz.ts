// `npm run fuzz:openapi`: requests drawn from the OpenAPI documents against the gateway on this machine, each answer
// held to the document. Not which documents there are (scripts/openapi), nor what is a fault (schemathesis.toml).

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { quietEnvironment } from '../clients/environment.ts';
import { install, programsOf } from '../clients/install.ts';
import { runProgram } from '../clients/run-program.ts';
import { startIntrospection } from '../local/sourcegraph/introspection.ts';
import { startGateway } from '../local/test-gateway.ts';
import type { DocumentName } from '../openapi/operations.ts';
import { exitWith } from '../terminal/exit.ts';

const root = path.resolve(import.meta.dirname, '../..');
/** Its rules change with its versions: a newer one is a change of this line, and of what it then finds. */
const tool = { id: 'schemathesis', from: 'pypi', packages: { schemathesis: '4.32.5' } } as const;
const readerToken = 'local-reader-token';
const readerScope = 'cody_gateway::flaggedprompts::read';
const startSecondsMax = 60;

/** By what each kind of client is known, where paths are shared. */
const clients: Readonly<Record<DocumentName, Readonly<Record<string, string>>>> = {
  cody: {},
  openai: { 'x-stainless-lang': 'js' },
  anthropic: { 'anthropic-version': '2023-06-01' },
  google: { 'x-goog-api-client': 'google-genai-sdk/3.3.0' },
};

const usage = `usage: npm run fuzz:openapi [-- --only DOCUMENT…] [--seconds S] [--examples N]

Installs schemathesis ${tool.packages.schemathesis} from PyPI into .local/clients, starts
the gateway with stand-ins for the providers, draws requests from each OpenAPI
document, right and wrong ones, and fails on a 500, on a status, content type
or shape that the document does not tell, and on a call that is served without
its token. Says so where Python is not there.

  --only DOCUMENT  this one alone (again for more):
                   ${Object.keys(clients).join(', ')}
  --seconds S      for each document at most (60)
  --examples N     for each operation at most (20)
`;

interface Options {
  readonly only: readonly DocumentName[];
  readonly seconds: number;
  readonly examples: number;
}

async function main(words: readonly string[]): Promise<number> {
  const options = readOptions(words);
  if (typeof options === 'number') return options;
  const unavailable = await install(root, tool);
  if (unavailable !== null) {
    console.log(`the OpenAPI documents are not fuzzed: ${unavailable}`);
    return 0;
  }
  const introspection = await startIntrospection();
  introspection.tokens.set(readerToken, readerScope);
  try {
    const gateway = await startGateway({
      env: {
        CODY_GATEWAY_ALLOW_ANONYMOUS: 'false',
        CODY_GATEWAY_FLAGGED_PROMPT_RECORDING: 'true',
        CODY_GATEWAY_TOKEN_INTROSPECTION_URL: introspection.url,
        SAMS_URL: introspection.accountsUrl,
        SAMS_CLIENT_ID: introspection.clientId,
        SAMS_CLIENT_SECRET: introspection.clientSecret,
      },
    });
    try {
      const limit = { limit: 1_000_000_000, intervalSeconds: 86_400, allowedModels: ['*'] };
      const { token } = await gateway.subscription(null, {
        limits: { chat_completions: limit, code_completions: limit, embeddings: limit },
      });
      const secrets = {
        GATEWAY_TOKEN: token,
        GATEWAY_DIAGNOSTICS_SECRET: gateway.env['CODY_GATEWAY_DIAGNOSTICS_SECRET'] ?? '',
        GATEWAY_READER_TOKEN: readerToken,
      };
      let faults = 0;
      for (const name of options.only) if (!(await fuzz(name, gateway.url, secrets, options))) faults++;
      for (const line of gateway.lines.filter(isOwnFault)) {
        faults++;
        console.error(`a fault of the gateway's own: ${JSON.stringify(line)}`);
      }
      return faults === 0 ? 0 : 1;
    } finally {
      await gateway.stop();
    }
  } finally {
    await introspection.close();
  }
}

/** Prints what was found. @returns whether that is nothing */
async function fuzz(
  name: DocumentName,
  url: string,
  secrets: Readonly<Record<string, string>>,
  { seconds, examples }: Options,
): Promise<boolean> {
  const home = mkdtempSync(path.join(tmpdir(), 'gateway-fuzz-'));
  try {
    const headers = Object.entries(clients[name]).flatMap(([header, value]) => ['--header', `${header}: ${value}`]);
    const config = ['--config-file', path.join(import.meta.dirname, 'schemathesis.toml')];
    const what = ['run', `${url}/-/openapi/${name}.json`, '--phases', 'examples,coverage,fuzzing'];
    const bounds = ['--max-examples', String(examples), '--max-time', String(seconds)];
    const command = [path.join(programsOf(root, tool), 'schemathesis'), ...config, ...what, ...bounds, ...headers];
    const { code, output } = await runProgram(command, {
      cwd: home,
      env: { ...quietEnvironment(home), ...secrets },
      timeoutMs: (seconds + startSecondsMax) * 1_000,
    });
    const counted = /^\s*(\d+ generated.*)$/m.exec(output)?.[1];
    if (code === 0 && counted !== undefined) console.log(`${name}.json: ${counted}`);
    else console.error(`${name}.json: schemathesis ended with ${code}\n${output}`);
    return code === 0 && counted !== undefined;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** What no request may cause, whatever its answer said. */
function isOwnFault(line: Readonly<Record<string, unknown>>): boolean {
  return line['refusal'] === 'internal' || /unhandled|uncaught/i.test(JSON.stringify(line));
}

function readOptions(words: readonly string[]): Options | number {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        only: { type: 'string', multiple: true, default: Object.keys(clients) },
        seconds: { type: 'string', default: '60' },
        examples: { type: 'string', default: '20' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) {
      process.stdout.write(usage);
      return 0;
    }
    const unknown = values.only.filter((name) => !Object.hasOwn(clients, name));
    if (unknown.length > 0) throw new Error(`no document ${unknown.join(', ')}`);
    const numbers = { seconds: Number(values.seconds), examples: Number(values.examples) };
    for (const [option, number] of Object.entries(numbers))
      if (!Number.isInteger(number) || number < 1 || number > 3_600)
        throw new Error(`--${option} takes a whole number from 1 to 3600`);
    return { only: values.only as DocumentName[], ...numbers };
  } catch (error) {
    console.error(`npm run fuzz:openapi: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
}

await exitWith(await main(process.argv.slice(2)));
