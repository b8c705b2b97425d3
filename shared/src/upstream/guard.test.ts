// Every row of the table of guarded members, in every spelling, place and way of writing a value, on every provider:
// what is sent holds to its rule.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseJson } from '../http/http.ts';
import type { JsonObject } from './call.ts';
import { dialectNamed } from './dialects.ts';
import { guard, lengthAsked } from './guard.ts';
import { folded, guardedMembers, guardedPlaces, type Api, type GuardedMember } from './guarded-members.ts';
import { readerOf, type SurfaceName } from './reading.test/reader.ts';
import { isObject, numberIn } from './request-body.ts';

// With the original's cap, so that every spelling of a length is seen to be held to it.
const { read } = readerOf({ CODY_GATEWAY_ANTHROPIC_MAX_TOKENS_TO_SAMPLE: '4000' });
const messages = [{ role: 'user', content: 'Hi' }];
/** The surfaces of each table, a model that is served there, and a body. */
const surfacesOf: Readonly<Record<Api, readonly SurfaceName[]>> = {
  anthropic: ['anthropic-messages', 'anthropic-text', 'anthropic-count-tokens'],
  openai: ['openai', 'fireworks', 'openai-chat', 'openai-text'],
  'openai-responses': ['openai-responses'],
  google: ['google'],
};
const bodies: Readonly<Partial<Record<SurfaceName, JsonObject>>> = {
  'anthropic-messages': { model: 'claude-2', messages },
  'anthropic-text': { model: 'claude-2', prompt: 'Hi' },
  'anthropic-count-tokens': { model: 'claude-2', messages },
  openai: { model: 'gpt-4o', messages },
  fireworks: { model: 'accounts/fireworks/models/mixtral-8x7b-instruct', messages },
  'openai-chat': { model: 'gpt-4o', messages },
  'openai-text': { model: 'gpt-3.5-turbo-instruct', prompt: 'Hi' },
  'openai-responses': { model: 'gpt-4o', input: 'Hi' },
  google: { model: 'gemini-1.5-pro', contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] },
};

/** What the provider is sent. @throws Refusal */
function sent(surface: SurfaceName, members: JsonObject): JsonObject {
  // As it comes from the wire.
  const body = parseJson(JSON.stringify({ ...bodies[surface], ...members })) as JsonObject;
  const call = read(surface, body);
  const [home] = call.homes;
  assert.ok(home);
  return JSON.parse(dialectNamed(call.dialect).body(call, 'the-model', home).join('')) as JsonObject;
}

const words = (name: string): string[] => name.split('_');
const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);
const spellings = (name: string): string[] => [
  ...new Set([
    name,
    words(name)
      .map((word, i) => (i === 0 ? word : capital(word)))
      .join(''),
    words(name).map(capital).join(''),
    words(name).map(capital).join('_'),
    words(name).join('-'),
    words(name).join(''),
    name.toUpperCase(),
    `_${name}`,
  ]),
];
const placeSpellings = guardedPlaces.flatMap((place) => (place === '' ? [''] : spellings(place)));

const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
const many: readonly unknown[] = [
  5,
  5.5,
  '5',
  ' 5 ',
  '5.0',
  '5e0',
  '0x5',
  rawJSON('5.00000000000000000001'),
  rawJSON('1e400'),
];

/** All members of what is sent that have this name in some spelling, wherever they stand. */
function found(body: JsonObject, name: string): [spelling: string, value: unknown][] {
  return Object.entries(body).flatMap(([member, value]): [string, unknown][] => [
    ...(folded(member) === folded(name) ? ([[member, value]] as [string, unknown][]) : []),
    ...(isObject(value) && guardedPlaces.map(folded).includes(folded(member)) ? found(value, name) : []),
  ]);
}

/** Members as a caller would write them: at the top, or gathered. */
const placed = (place: string, members: JsonObject): JsonObject => (place === '' ? members : { [place]: members });

const rules: Readonly<Record<GuardedMember['rule'], (surface: SurfaceName, api: Api, row: GuardedMember) => void>> = {
  one: (surface, _api, { name }) => {
    for (const place of placeSpellings)
      for (const spelling of spellings(name)) {
        for (const value of many)
          for (const [, left] of found(sent(surface, placed(place, { [spelling]: value })), name))
            assert.equal(left, 1, `${place} ${spelling}`);
        for (const value of [1, 0, null])
          assert.deepEqual(found(sent(surface, placed(place, { [spelling]: value })), name), [[spelling, value]]);
      }
  },
  length: (surface, api, { name }) => {
    for (const place of placeSpellings)
      for (const spelling of spellings(name))
        for (const value of [
          4001,
          '4001',
          ' 4_001 ',
          '4.001e3',
          rawJSON('4000.99999999999999999999'),
          rawJSON('1e400'),
        ]) {
          const members = placed(place, { [spelling]: value });
          const asked = lengthAsked(parseJson(JSON.stringify(members)) as JsonObject, api) ?? 0;
          assert.ok(asked >= 4001, `${place} ${spelling} ${JSON.stringify(value)}`);
          if (api === 'anthropic') assert.throws(() => sent(surface, members), { kind: 'bad-request' });
        }
  },
  drop: (surface, _api, { name }) => {
    for (const place of placeSpellings)
      for (const spelling of spellings(name))
        for (const value of ['fast', true, 5, null, { a: 1 }, []])
          assert.deepEqual(found(sent(surface, placed(place, { [spelling]: value })), name), []);
  },
  refuse: (surface, _api, { name, why }) => {
    assert.ok(why !== undefined && why !== '');
    for (const place of placeSpellings)
      for (const spelling of spellings(name)) {
        for (const value of ['SECRET', true, 5, { a: 'SECRET' }, []])
          assert.throws(
            () => sent(surface, placed(place, { [spelling]: value })),
            (error: Error) => error.message === `"${spelling}" is not accepted: ${why}`,
          );
        for (const value of [null, false])
          assert.deepEqual(found(sent(surface, placed(place, { [spelling]: value })), name), []);
      }
  },
  ours: (surface, _api, { name }) => {
    const plain = found(sent(surface, {}), name);
    for (const place of placeSpellings)
      for (const spelling of spellings(name)) {
        if (place === '' && spelling === name) continue;
        for (const value of ['theirs', true, { a: 1 }])
          assert.deepEqual(found(sent(surface, placed(place, { [spelling]: value })), name), plain);
      }
  },
};

for (const api of Object.keys(guardedMembers) as Api[])
  describe(api, () => {
    for (const row of guardedMembers[api])
      for (const surface of surfacesOf[api])
        test(`${surface}: ${row.rule} ${row.name}`, () => rules[row.rule](surface, api, row));
  });

test('what a provider does not take goes in every spelling and place: no user is told to Fireworks', () => {
  for (const place of placeSpellings)
    for (const spelling of spellings('user'))
      assert.deepEqual(found(sent('fireworks', placed(place, { [spelling]: 'theirs' })), 'user'), []);
  assert.deepEqual(guard({ logitBias: 1, options: { LOGIT_BIAS: 1 } }, 'openai', { drops: ['logit_bias'] }), {
    options: {},
  });
});

test('both spellings of one member at once are both held to the rule', () => {
  const both = {
    generationConfig: { candidateCount: 8 },
    generation_config: { candidate_count: '8' },
    candidateCount: 8,
  };
  assert.deepEqual(
    found(sent('google', both), 'candidate_count').map(([, value]) => value),
    [1, 1, 1],
  );
});

test('the caller’s own body stays as it was', () => {
  const body = { model: 'gpt-4o', messages, n: 5, generationConfig: { candidateCount: 8 } };
  const before = structuredClone(body);
  read('openai', body);
  assert.deepEqual(body, before);
});

test('the rows of a length are numbers in every way a reader may take them', () => {
  assert.equal(lengthAsked({ max_tokens: 5, generationConfig: { maxOutputTokens: '70' }, MaxTokens: 6 }, 'openai'), 70);
  assert.equal(lengthAsked({ messages, max_tokens: 'many' }, 'openai'), null);
  assert.equal(numberIn('many'), null);
});
