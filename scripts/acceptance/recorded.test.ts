// Exchanges between real clients and the original gateway, replayed: they are others' data, so they are read where
// they lie, beside the project.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { startGateway } from '../local/test-gateway.ts';

const file = path.resolve(
  import.meta.dirname,
  '../../../shared/spec/examples/01-gateway-direct-anthropic-messages.json',
);

interface Recording {
  readonly exchanges: readonly {
    readonly request: {
      readonly headers: readonly (readonly [name: string, value: string])[];
      readonly body: { readonly messages: readonly { role: string; content: { text: string }[] }[] } & Record<
        string,
        unknown
      >;
    };
    readonly response: { readonly headers: readonly (readonly [string, string])[]; readonly body: string };
  }[];
}

/** Headers of the recorded answer that clients read, and that a gateway must hand on. */
const relayed = ['content-type', 'cache-control', 'request-id'];
/** What a client's library sets by itself. */
const ofTheConnection = new Set(['connection', 'content-length', 'host', 'transfer-encoding', 'accept-encoding']);

test(
  'recorded exchanges of Cody: the request is rewritten as Anthropic takes it, the body comes back byte for byte, the events hold its tokens',
  { skip: existsSync(file) ? false : `the recordings are not here: ${file}` },
  async (t) => {
    const gateway = await startGateway({ functions: ['chat-completions', 'deliver-events'] });
    t.after(() => gateway.stop());
    const { anthropic } = gateway;
    assert.ok(anthropic !== null);
    const { id, token } = await gateway.subscription({ limit: 10 });
    const { exchanges } = JSON.parse(readFileSync(file, 'utf8')) as Recording;
    assert.equal(exchanges.length, 2);

    for (const { request, response } of exchanges) {
      const recorded = Object.fromEntries(request.headers.filter(([name]) => !ofTheConnection.has(name)));
      const answered = Object.fromEntries(response.headers);
      const bytes = Buffer.from(response.body, 'utf8');
      anthropic.next({
        bytes,
        // Pieces that end nowhere in particular.
        cuts: Array.from({ length: Math.floor(bytes.length / 97) }, (_, i) => (i + 1) * 97),
        headers: Object.fromEntries(['content-type', 'request-id'].map((name) => [name, answered[name] ?? ''])),
      });
      const got = await gateway.call('/v1/completions/anthropic-messages', {
        token: null,
        headers: { ...recorded, authorization: `Bearer ${token}` },
        body: request.body,
      });
      assert.equal(got.status, 200, got.text);
      assert.equal(got.text, response.body);
      for (const name of relayed) assert.equal(got.headers.get(name), answered[name], name);

      const sent = anthropic.requests.at(-1);
      const [system, ...messages] = request.body.messages;
      const { top_k: _k, top_p: _p, ...rest } = request.body;
      assert.deepEqual(JSON.parse(sent?.body ?? ''), {
        ...rest,
        model: 'claude-3-haiku-20240307',
        system: system?.content[0]?.text,
        messages,
        metadata: { user_id: `${id}:` },
      });
      assert.equal(sent?.headers['anthropic-version'], '2023-06-01');
      assert.ok(sent?.headers['x-api-key'] !== undefined && sent.headers.authorization === undefined);
    }

    const events = await gateway.events(`identifier = '${id}'`);
    assert.deepEqual(
      events.map(({ name, model, metadata, tokens }) => [
        name,
        model,
        metadata['prompt_token_count'],
        metadata['completion_token_count'],
        tokens,
      ]),
      [
        ['CompletionsFinished', 'anthropic/claude-3-haiku-20240307', 512, 62, 574],
        ['CompletionsFinished', 'anthropic/claude-3-haiku-20240307', 580, 31, 611],
      ],
    );
  },
);
