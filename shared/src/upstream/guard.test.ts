// Every row of the table of guarded members, in every spelling, place and way of writing a value, on every provider: what is sent holds to its rule.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadConfig } from '../config/config.ts';
import { parseJson } from '../http/http.ts';
import type { JsonObject, Shape } from './call.ts';
import { lengthAsked } from './guard.ts';
import { folded, guardedMembers, guardedPlaces, type Api, type GuardedMember } from './guarded-members.ts';
import { providersWithKeys } from './registry.ts';
import { isObject, numberIn } from './request-body.ts';

const key = 'key';
const providers = providersWithKeys(
  loadConfig({
    REDIS_ENDPOINT: 'none',
    CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none',
    CODY_GATEWAY_ANTHROPIC_ACCESS_TOKEN: key,
    CODY_GATEWAY_OPENAI_ACCESS_TOKEN: key,
    CODY_GATEWAY_FIREWORKS_ACCESS_TOKEN: key,
    CODY_GATEWAY_GOOGLE_ACCESS_TOKEN: key,
  }),
);
const caller = {
  actorId: 'sub1',
  actorUid: '42',
  dialect: 'cody',
  feature: 'chat_completions',
  headers: {},
} as const;

const messages = [{ role: 'user', content: 'Hi' }];
const bodies: Readonly<Record<Shape, JsonObject>> = {
  'anthropic-messages': { messages },
  'anthropic-text': { prompt: 'Hi' },
  openai: { messages },
  fireworks: { messages },
  'openai-chat': { messages },
  'openai-text': { prompt: 'Hi' },
  google: { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] },
};

/** What the provider is sent. @throws Refusal */
function sent(shape: Shape, name: Api, members: JsonObject): JsonObject {
  const provider = providers.find((one) => one.name === name && one.shapes.includes(shape));
  assert.ok(provider);
  // As it comes from the wire.
  const body = parseJson(JSON.stringify({ model: 'the-model', ...bodies[shape], ...members })) as JsonObject;
  const call = provider.read(body, caller, shape);
  return JSON.parse(provider.body(call, 'the-model').join('')) as JsonObject;
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

const rules: Readonly<Record<GuardedMember['rule'], (shape: Shape, api: Api, row: GuardedMember) => void>> = {
  one: (shape, api, { name }) => {
    for (const place of placeSpellings)
      for (const spelling of spellings(name)) {
        for (const value of many)
          for (const [, left] of found(sent(shape, api, placed(place, { [spelling]: value })), name))
            assert.equal(left, 1, `${place} ${spelling}`);
        for (const value of [1, 0, null])
          assert.deepEqual(found(sent(shape, api, placed(place, { [spelling]: value })), name), [[spelling, value]]);
      }
  },
  length: (shape, api, { name }) => {
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
          if (api === 'anthropic') assert.throws(() => sent(shape, api, members), { kind: 'bad-request' });
        }
  },
  drop: (shape, api, { name }) => {
    for (const place of placeSpellings)
      for (const spelling of spellings(name))
        for (const value of ['fast', true, 5, null, { a: 1 }, []])
          assert.deepEqual(found(sent(shape, api, placed(place, { [spelling]: value })), name), []);
  },
  refuse: (shape, api, { name, why }) => {
    assert.ok(why !== undefined && why !== '');
    for (const place of placeSpellings)
      for (const spelling of spellings(name)) {
        for (const value of ['SECRET', true, 5, { a: 'SECRET' }, []])
          assert.throws(
            () => sent(shape, api, placed(place, { [spelling]: value })),
            (error: Error) => error.message === `"${spelling}" is not accepted: ${why}`,
          );
        assert.deepEqual(found(sent(shape, api, placed(place, { [spelling]: null })), name), []);
      }
  },
  ours: (shape, api, { name }) => {
    const plain = found(sent(shape, api, {}), name);
    for (const place of placeSpellings)
      for (const spelling of spellings(name)) {
        if (place === '' && spelling === name) continue;
        for (const value of ['theirs', true, { a: 1 }])
          assert.deepEqual(found(sent(shape, api, placed(place, { [spelling]: value })), name), plain);
      }
  },
};

const shapesOf = (api: Api): Shape[] => providers.filter(({ name }) => name === api).flatMap(({ shapes }) => shapes);

for (const api of Object.keys(guardedMembers) as Api[])
  describe(api, () => {
    for (const row of guardedMembers[api])
      for (const shape of shapesOf(api))
        test(`${shape}: ${row.rule} ${row.name}`, () => rules[row.rule](shape, api, row));
  });

test('both spellings of one member at once are both held to the rule', () => {
  const both = {
    generationConfig: { candidateCount: 8 },
    generation_config: { candidate_count: '8' },
    candidateCount: 8,
  };
  assert.deepEqual(
    found(sent('google', 'google', both), 'candidate_count').map(([, value]) => value),
    [1, 1, 1],
  );
});

test('the caller’s own body stays as it was', () => {
  const body = { model: 'm', messages, n: 5, generationConfig: { candidateCount: 8 } };
  const before = structuredClone(body);
  providers.find(({ name }) => name === 'openai')?.read(body, caller, 'openai');
  assert.deepEqual(body, before);
});

test('the rows of a length are numbers in every way a reader may take them', () => {
  assert.equal(lengthAsked({ max_tokens: 5, generationConfig: { maxOutputTokens: '70' }, MaxTokens: 6 }, 'openai'), 70);
  assert.equal(lengthAsked({ messages, max_tokens: 'many' }, 'openai'), null);
  assert.equal(numberIn('many'), null);
});
