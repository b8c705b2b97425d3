// `npm run smoke -- --endpoint URL --token T`: the black-box suite that runs against any deployment.

import { parseArgs } from 'node:util';
import { foldHelp } from '../terminal/fold.ts';
import { endWith, UsageError } from '../terminal/usage-error.ts';

const answerTimeoutMs = 120_000;
const messages = [{ role: 'user', content: 'Say one word.' }];

interface Call {
  readonly name: string;
  readonly path: string;
  readonly feature?: string;
  readonly body: unknown;
  readonly stream: boolean;
}

const providers = [
  { provider: 'anthropic-messages', model: 'claude-3-haiku-20240307' },
  { provider: 'openai', model: 'gpt-4o' },
  { provider: 'fireworks', model: 'starcoder' },
] as const;

/** Each feature at each provider, streamed and whole. Fireworks completes a `prompt` for code. */
export const calls: readonly Call[] = ['chat_completions', 'code_completions'].flatMap((feature) =>
  providers.flatMap(({ provider, model }) =>
    [true, false].map((stream) => ({
      name: `${feature} ${provider} ${stream ? 'streamed' : 'whole'}`,
      path: `/v1/completions/${provider}`,
      feature,
      stream,
      body: {
        model:
          provider === 'fireworks' && feature === 'chat_completions'
            ? 'accounts/fireworks/models/mixtral-8x7b-instruct'
            : model,
        max_tokens: 16,
        stream,
        ...(provider === 'fireworks' && feature === 'code_completions' ? { prompt: 'const answer =' } : { messages }),
      },
    })),
  ),
);

const embeddings = { input: ['Pls embed'], model: 'openai/text-embedding-ada-002' };
const dimensions = 1536;

/** What is not there is no fault: not every deployment has every provider. */
const absent = 'absent';
/** A path that only another feature has, told by the function that got the call. */
const notServed = /^\{"error":"feature \\"\w+\\" is not served by this function/;

/**
 * A function's name, and what its checks are called by their beginnings. Of the others there is nothing to see from
 * outside.
 */
const checksOf: Readonly<Record<string, readonly string[]>> = {
  'chat-completions': ['chat_completions', 'models'],
  'code-completions': ['code_completions'],
  embeddings: ['embeddings'],
  limits: ['limits'],
  diagnostics: ['version'],
};

/**
 * Calls a gateway as its callers do. A path that is not there is not deployed, and told as `absent`; at least one
 * completion must be.
 * @param functions were just deployed: of each that callers reach, something must be there
 * @returns whether everything that is there works
 */
export async function smoke(
  endpoint: string,
  token: string,
  print: (line: string) => void = console.log,
  functions: readonly string[] = [],
): Promise<boolean> {
  let failed = 0;
  const served: string[] = [];
  const tell = (name: string, fault: string | null): void => {
    if (fault !== null) failed++;
    print(`${fault === null ? 'ok    ' : 'FAILED'}  ${name}${fault === null ? '' : `: ${fault}`}`);
  };
  const check = async (name: string, work: () => Promise<string | null>): Promise<void> => {
    const fault = await work().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
    if (fault === absent) return print(`absent  ${name}`);
    served.push(name);
    tell(name, fault);
  };
  const get = (path: string): Promise<Response> =>
    fetch(new URL(path, endpoint), {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
  const post = (path: string, body: unknown, feature?: string): Promise<Response> =>
    fetch(new URL(path, endpoint), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        ...(feature !== undefined && { 'x-sourcegraph-feature': feature }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
  await check('version', async () => {
    const response = await fetch(new URL('/-/__version', endpoint), { signal: AbortSignal.timeout(answerTimeoutMs) });
    return response.status === 200 ? null : `status ${response.status}`;
  });
  for (const { name, path, feature, body, stream } of calls)
    await check(name, async () => {
      const response = await post(path, body, feature);
      const text = await response.text();
      if (response.status === 404 || notServed.test(text)) return absent;
      if (response.status !== 200) return `status ${response.status}: ${text.slice(0, 200)}`;
      const type = response.headers.get('content-type') ?? '';
      return stream && !type.includes('text/event-stream') ? `content type ${type}` : null;
    });
  await check('embeddings', async () => {
    const response = await post('/v1/embeddings', embeddings);
    const text = await response.text();
    if (response.status === 404) return absent;
    if (response.status !== 200) return `status ${response.status}: ${text.slice(0, 200)}`;
    const { embeddings: vectors } = JSON.parse(text) as { embeddings?: { data?: number[] }[] };
    const length = vectors?.length === 1 ? vectors[0]?.data?.length : undefined;
    return length === dimensions ? null : `not one vector of ${dimensions} numbers`;
  });
  for (const [name, member] of [
    ['limits', ''],
    ['models', 'data'],
  ] as const)
    await check(name, async () => {
      const response = await get(`/v1/${name}`);
      const text = await response.text();
      if (response.status === 404) return absent;
      if (response.status !== 200) return `status ${response.status}: ${text.slice(0, 200)}`;
      const answer = JSON.parse(text) as Record<string, unknown>;
      return Object.keys(member === '' ? answer : ((answer[member] as object | undefined) ?? {})).length > 0
        ? null
        : 'an empty answer';
    });
  // A deployment that serves no model at all has not passed anything.
  if (!served.some((name) => name.includes('completions'))) tell('completions', 'none is served');
  for (const name of functions)
    if (checksOf[name]?.some((start) => served.some((one) => one.startsWith(start))) === false)
      tell(name, 'was deployed, and nothing of it is served');
  print(failed === 0 ? `${served.length} checks passed` : `${failed} checks failed, ${served.length} were made`);
  return failed === 0;
}

const usage = `usage: npm run smoke -- --endpoint URL --token T   (or E2E_GATEWAY_ENDPOINT, E2E_GATEWAY_TOKEN)

Calls a gateway, local or deployed, as its callers do: each feature at each provider, streamed and whole, embeddings, limits, models.
What is not deployed is told as absent. Ends with 1 where something fails.

example:
  npm run smoke -- --endpoint http://localhost:9992 --token slk_…`;

/** @returns the exit code. @throws UsageError */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { endpoint: { type: 'string' }, token: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true) {
    console.log(foldHelp(usage));
    return 0;
  }
  const endpoint = values.endpoint ?? process.env['E2E_GATEWAY_ENDPOINT'];
  const token = values.token ?? process.env['E2E_GATEWAY_TOKEN'];
  const missing = [...(endpoint === undefined ? ['--endpoint'] : []), ...(token === undefined ? ['--token'] : [])];
  if (endpoint === undefined || token === undefined) throw new UsageError(`${missing.join(' and ')} must be given`);
  if (!/^https?:/.test(endpoint) || !URL.canParse(endpoint))
    throw new UsageError(`--endpoint ${JSON.stringify(endpoint)} is no http:// or https:// address`);
  await answers(endpoint);
  return (await smoke(endpoint, token)) ? 0 : 1;
}

/** One line in place of a fault for each check. @throws Error where nothing listens */
async function answers(endpoint: string): Promise<void> {
  try {
    await fetch(new URL('/-/__version', endpoint), { signal: AbortSignal.timeout(answerTimeoutMs) });
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
    if (code === 'ECONNREFUSED' || code === 'ENOTFOUND')
      throw new Error(`nothing listens on ${endpoint}: is it running, and is that its address?`, { cause: error });
    // Any other fault is for the checks to report.
  }
}

if (import.meta.main)
  await main().then(
    (code) => (process.exitCode = code),
    (error: unknown) => endWith(error, 'npm run smoke --'),
  );
