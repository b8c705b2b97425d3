// README's guide for clients: every snippet of it, run against a gateway with only the address and the token replaced.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { startGateway, type TestGateway } from '../local/test-gateway.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const guide = /^## Use it\n(.*?)^## /ms.exec(readFileSync(path.join(root, 'README.md'), 'utf8'))?.[1] ?? '';
/** Fenced blocks under their bold headings. */
const snippets = [...guide.matchAll(/^\*\*(.+?)\.?\*\*.*?^```(\w*)\n(.*?)^```/gms)].map(
  ([, title, language, text]) => ({
    title: title ?? '',
    language: language ?? '',
    text: text ?? '',
  }),
);

let gateway: TestGateway;
let token: string;
before(async () => {
  gateway = await startGateway({ functions: ['chat-completions', 'code-completions', 'limits', 'diagnostics'] });
  const limit = { limit: 100, intervalSeconds: 86_400, allowedModels: ['*'] };
  ({ token } = await gateway.subscription(null, { limits: { chat_completions: limit, code_completions: limit } }));
});
after(() => gateway.stop());

/** With the address and the token of this gateway; both must have stood there. */
function filled(text: string): string {
  assert.ok(text.includes('http://localhost:9992') && text.includes('slk_…'), text);
  return text.replaceAll('http://localhost:9992', gateway.url).replaceAll('slk_…', token);
}

const said = 'Hello wörld 1 wörld 2 wörld 3';

test('the guide has a snippet for each kind of client', () => {
  assert.deepEqual(
    snippets.map(({ language }) => language),
    ['ts', 'ts', 'json', 'json', 'json', ''],
  );
});

for (const { title, language, text } of snippets)
  test(`README: ${title}`, async () => {
    if (language === 'ts') {
      const args = ['--input-type=module', '--experimental-strip-types', '--eval', filled(text)];
      const { stdout } = await run(process.execPath, args, { cwd: path.join(root, 'scripts') });
      assert.equal(stdout, `${said}\n`);
    } else if (language === 'json') await asInstance(JSON.parse(filled(text)) as SiteConfiguration);
    else {
      const { stdout } = await run('bash', ['-c', filled(text).replace('curl', 'curl --silent --show-error --fail')]);
      assert.match(stdout, /^data: \{.*"text":"Hello".*data: \[DONE\]\n\n$/s);
    }
  });

interface Endpoint {
  readonly endpoint: string;
  readonly accessToken: string;
}
interface SiteConfiguration {
  readonly modelConfiguration?: { readonly sourcegraph: Endpoint };
  readonly completions?: Endpoint & { readonly chatModel: string; readonly completionModel: string };
}

/**
 * What an instance makes of its configuration (shared/COMPATIBILITY.md#instance-paths): path set, model's provider
 * taken off, its headers; then the banner's question.
 */
async function asInstance({ modelConfiguration, completions }: SiteConfiguration): Promise<void> {
  const target = modelConfiguration?.sourcegraph ?? completions;
  assert.ok(target);
  const { endpoint, accessToken } = target;
  const models = {
    chat_completions: completions?.chatModel ?? 'anthropic/claude-sonnet-4-6',
    code_completions: completions?.completionModel ?? 'fireworks/starcoder',
  };
  for (const [feature, model] of Object.entries(models)) {
    const [provider = '', name = ''] = model.split('/');
    // Instances of 2023 knew Anthropic's text completions alone.
    const legacy = completions !== undefined && models.code_completions.startsWith('anthropic/');
    const url = new URL(endpoint);
    url.pathname = `/v1/completions/${provider === 'anthropic' && !legacy ? 'anthropic-messages' : provider}`;
    const content = [{ type: 'text', text: 'Hello' }];
    const body = legacy
      ? { prompt: '\n\nHuman: Hello\n\nAssistant:', model: name, max_tokens_to_sample: 100, stream: true }
      : provider === 'anthropic'
        ? {
            messages: [
              { role: 'system', content },
              { role: 'user', content },
            ],
            model: name,
            stream: true,
            max_tokens: 100,
          }
        : { model: name, prompt: 'Hello', n: 1, stream: true, max_tokens: 100, echo: false };
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${accessToken}`,
        'content-type': 'application/json',
        'x-sourcegraph-feature': feature,
        'x-sourcegraph-actor-uid': '7',
        ...(provider === 'anthropic' && { 'x-api-key': '', 'anthropic-version': '2023-06-01' }),
      },
      body: JSON.stringify(body),
    });
    const answer = await response.text();
    // An instance takes nothing but 200 for success.
    assert.equal(response.status, 200, answer);
    assert.match(answer, /wörld 3/);
  }
  const limits = await fetch(new URL('/v1/limits', endpoint), { headers: { authorization: `Bearer ${accessToken}` } });
  assert.equal(limits.status, 200);
}
