// Proves: the stand-in answers each dialect in its shape, whole and streamed, with the scene that the prompt names; it
// breaks and fails when told.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startStandIn, type MatrixStandIn } from './stand-in.ts';

let standIn: MatrixStandIn;
before(async () => (standIn = await startStandIn('key')));
after(() => standIn.close());

const paths = ['/v1/chat/completions', '/v1/responses', '/v1/messages', '/v1beta/models/m:generateContent'];

function call(path: string, prompt: string, more: object = {}, key = 'key'): Promise<Response> {
  const body = JSON.stringify({ model: 'm', prompt, ...more });
  return fetch(`${standIn.url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body });
}

/** Streamed: by its path, or by a member. */
function stream(path: string, prompt: string): Promise<Response> {
  return call(path.replace(':generate', ':streamGenerate'), prompt, { stream: true });
}

for (const path of paths) {
  test(`${path}: a scene whole, and the same one streamed`, async () => {
    assert.match(await (await call(path, 'case=thinking')).text(), /"42"/);
    const streamed = await stream(path, 'case=text');
    assert.match(streamed.headers.get('content-type') ?? '', /^text\/event-stream/);
    assert.ok((await streamed.text()).split('data: ').length > 3, 'several events');
  });

  test(`${path}: the first text, and nothing behind it`, async () => {
    const reader = (await stream(path, 'case=held')).body?.getReader();
    const { value } = (await reader?.read()) ?? {};
    const said = Buffer.from(value ?? []).toString();
    assert.match(said, /Grüezi[^]*\n\r?\n$/);
    assert.doesNotMatch(said, /wörld/);
    await reader?.cancel();
  });

  test(`${path}: where a text is from, and what is refused`, async () => {
    for (const ask of [call, stream]) {
      assert.match(await (await ask(path, 'case=citations')).text(), /https:\/\/page\.example\//);
      const refused = await (await ask(path, 'case=refusal')).text();
      assert.match(refused, /refusal|SAFETY/);
      assert.doesNotMatch(refused, /Grüezi/);
    }
  });

  test(`${path}: the first event, then nothing for a while`, async () => {
    const reader = (await stream(path, 'case=silent')).body?.getReader();
    const { value } = (await reader?.read()) ?? {};
    assert.equal(
      Buffer.from(value ?? [])
        .toString()
        .split('data: ').length,
      2,
    );
    await reader?.cancel();
  });

  test(`${path}: a status, a cut, a foreign key`, async () => {
    assert.equal((await call(path, 'case=status-429')).status, 429);
    assert.equal((await call(path, 'case=text', {}, 'another')).status, 401);
    const cut = await stream(path, 'case=cut');
    await assert.rejects(cut.text());
  });
}

test('tools: calls first, words after their results; the last named scene counts', async () => {
  const tools = [{ type: 'function', function: { name: 'get_weather' } }];
  const ask = async (prompt: string): Promise<string> => (await call('/v1/chat/completions', prompt, { tools })).text();
  assert.equal((await ask('case=text case=parallel-tools')).split('"get_weather"').length, 3);
  const body = await call('/v1/chat/completions', 'case=tools', {
    tools,
    messages: [{ role: 'tool', tool_call_id: 'c' }],
  });
  assert.match(await body.text(), /It is 21 degrees\./);
});
