// What `npm start` says when the cloud runs: how to call it, what is real in it, where to look, what ends with it. At
// most 80 columns.

import { providerKinds, type LocalCloud } from './cloud.ts';
import type { ShellSettings } from './shell-settings.ts';

/** @param logFile relative to the repository; null where the log goes to the output */
export function firstScreen(
  { url, token, subscriptionId, pagesUrl }: Pick<LocalCloud, 'url' | 'token' | 'subscriptionId' | 'pagesUrl'>,
  { keys, keyNames, env }: ShellSettings,
  logFile: string | null,
): string {
  const provider = (kind: (typeof providerKinds)[number]): string => {
    const name = kind.padEnd(10);
    if (keys[kind] !== undefined)
      return `${name} REAL, calls cost money: ${keyNames[kind] ?? ''} is set\n${' '.repeat(13)}(unset it for the stand-in)`;
    if (keyNames[kind] !== undefined) return `${name} elsewhere: ${keyNames[kind]} is set`;
    return `${name} stand-in; the real one with ${kind.toUpperCase()}_API_KEY`;
  };
  const names = Object.keys(env).toSorted();
  const others = [
    ['Sourcegraph.com', 'CODY_GATEWAY_DOTCOM_API_URL'],
    ['Slack', 'CODY_GATEWAY_ACTOR_RATE_LIMIT_NOTIFY_SLACK_WEBHOOK_URL'],
    ['Sentry', 'CODY_GATEWAY_SENTRY_DSN'],
    ['OpenTelemetry', 'CODY_GATEWAY_OTEL_ENDPOINT'],
    ['Embeddings', 'CODY_GATEWAY_SOURCEGRAPH_EMBEDDINGS_API_URL'],
  ] as const;
  const elsewhere = others.filter(([, variable]) => (env[variable] ?? '') !== '');
  const standIns = others.filter(([, variable]) => (env[variable] ?? '') === '');
  return `
The gateway is ready at ${url}

  TOKEN=${token}
  subscription ${subscriptionId}

A streamed answer (paste the line with TOKEN first):

  curl -N ${url}/v1/messages -H "X-Api-Key: $TOKEN" \\
    -d '{"model":"claude-haiku-4-5","max_tokens":100,"stream":true,
    "messages":[{"role":"user","content":"Hello"}]}'

OpenAI's SDK, with the model gpt-4o:
  new OpenAI({ baseURL: '${url}/v1', apiKey: TOKEN })
Anthropic's SDK, with the model claude-haiku-4-5:
  new Anthropic({ baseURL: '${url}', apiKey: TOKEN,
    authToken: null })
Google's SDK, with the model gemini-2.5-flash:
  new GoogleGenAI({ apiKey: TOKEN, vertexai: false,
    httpOptions: { baseUrl: '${url}' } })

Providers
${providerKinds.map((kind) => `  ${provider(kind)}`).join('\n')}
The rest
  real       Redis, the functions (each a process of its own)
  stand-ins  Firestore, Cloud Tasks, BigQuery${standIns.length === 0 ? '' : '; these until it is set:'}
${standIns.map(([name, variable]) => `    ${name.padEnd(15)}  ${variable}\n`).join('')}${elsewhere.map(([name, variable]) => `  elsewhere  ${name}\n             ${variable}\n`).join('')}${
    names.length === 0 ? '' : `${fold('  set here   ', names)}\n`
  }
Console      ${url}/console (usage, money, customers, models)
Traces       ${pagesUrl}
Metrics      ${pagesUrl}/metrics (Prometheus, of all functions)
What it used npm run cost; as a page: npm run report
More tokens  npm run gateway -- subscriptions create --name acme --chat 500/24h
Log          ${logFile ?? 'one JSON line a request, here'}
Data         everything is in memory: it ends with this process
Stop         Ctrl-C
`;
}

/** Words with commas, at most 80 columns. */
function fold(head: string, words: readonly string[]): string {
  const lines: string[] = [head];
  for (const [n, word] of words.entries()) {
    const text = `${word}${n < words.length - 1 ? ',' : ''}`;
    const last = lines.at(-1) ?? '';
    const begun = last.length > head.length || last.trim() !== head.trim();
    if (begun && last.length + text.length + 1 > 80) lines.push(`${' '.repeat(head.length)}${text}`);
    else lines[lines.length - 1] = begun ? `${last} ${text}` : `${last}${text}`;
  }
  return lines.join('\n');
}
