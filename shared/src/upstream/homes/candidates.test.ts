// Which homes a call may be sent to, on real sockets: not one that is full, where its prompts may not go, or that does
// not know what it asks for.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answered, instanceOf, startHome } from './homes.test/fleet.ts';

describe('who is asked', () => {
  test('a home that is full is passed over, and free again when its answer is over', async (t) => {
    const ends: (() => void)[] = [];
    const a = await startHome(t, (response) => void ends.push(() => response.end('{}')));
    const b = await startHome(t, answered);
    const instance = instanceOf([a, b], { rows: [{ callsMax: 1 }] });
    const first = instance.ask();
    while (ends.length === 0) await new Promise(setImmediate);
    assert.equal((await instance.ask()).home, 'b');
    ends[0]?.();
    assert.equal((await first).home, 'a');
    a.handle = answered;
    assert.equal((await instance.ask()).home, 'a');
  });

  test('where all are full the call is refused, with a time to come again', async (t) => {
    const ends: (() => void)[] = [];
    const a = await startHome(t, (response) => void ends.push(() => response.end('{}')));
    const instance = instanceOf([a], { rows: [{ callsMax: 1 }] });
    const first = instance.ask();
    while (ends.length === 0) await new Promise(setImmediate);
    const { error } = await instance.ask();
    assert.deepEqual([error?.kind, error?.retryAfterSeconds], ['overloaded', 5]);
    ends[0]?.();
    await first;
  });

  test('homes of other companies only where the subscription says so; where none is left, that reason', async (t) => {
    const a = await startHome(t, answered);
    const instance = instanceOf([a], { rows: [{ company: 'cloud', region: 'eu' }] });
    assert.match((await instance.ask()).error?.message ?? '', /without your consent/);
    const stated = (companies: string[], regions: string[] | null) => ({
      places: { companies, regions, retention: null },
    });
    assert.equal((await instance.ask({ caller: stated(['cloud'], ['eu']) })).home, 'a');
    assert.match(
      (await instance.ask({ caller: stated(['cloud'], ['us']) })).error?.message ?? '',
      /no home of cloud in us/,
    );
  });

  test('where a place of inference is asked for, only homes of the company that lets it be chosen', async (t) => {
    const bodies: string[] = [];
    const [a, b] = [
      await startHome(t, answered),
      await startHome(t, (response, body, request) => {
        bodies.push(body);
        answered(response, body, request);
      }),
    ];
    const instance = instanceOf([a, b], { rows: [{ company: 'cloud' }] });
    const places = { companies: ['anthropic', 'cloud'], regions: null, retention: null };
    assert.equal((await instance.ask({ caller: { places } })).home, 'a');
    assert.equal((await instance.ask({ caller: { places }, body: { inference_geo: null } })).home, 'a');
    assert.equal((await instance.ask({ caller: { places }, body: { inference_geo: 'us' } })).home, 'b');
    assert.equal((JSON.parse(bodies[0] ?? '{}') as { inference_geo?: string }).inference_geo, 'us');
    const cloud = { places: { ...places, companies: ['cloud'] } };
    const { error } = await instance.ask({ caller: cloud, body: { inference_geo: 'us' } });
    assert.match(error?.message ?? '', /no home of .* knows all that the request asks for \(inference_geo us\)/);
  });

  test('not a home that does not know the request’s beta or tool', async (t) => {
    const [a, b] = [await startHome(t, answered), await startHome(t, answered)];
    const instance = instanceOf([a, b], { rows: [{ betas: ['one'], tools: [] }] });
    const caller = { dialect: 'anthropic', headers: { 'anthropic-beta': 'one,two' } } as const;
    assert.equal((await instance.ask({ caller })).home, 'b');
    assert.equal((await instance.ask({ caller: { ...caller, headers: { 'anthropic-beta': 'one' } } })).home, 'a');
    assert.equal(
      (await instance.ask({ body: { tools: [{ type: 'web_search_20250305', name: 'web_search' }] } })).home,
      'b',
    );
    assert.equal((await instance.ask({ body: { tools: [{ name: 'mine', input_schema: {} }] } })).home, 'a');
  });
});
