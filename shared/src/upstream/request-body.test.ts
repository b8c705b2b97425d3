// A body that the gateway can't work with gets an error that names the member, says what was expected and found, and
// never quotes it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseJson, Refusal } from '../http/http.ts';
import {
  codePoints,
  integerOf,
  messagesOf,
  modelOf,
  numberIn,
  promptTextsOf,
  requestObject,
  streamOf,
} from './request-body.ts';
import { bodyOf, withModel } from './outgoing-body.ts';

const absent = 'request body must contain "messages" field';
const secret = 'SECRET-PROMPT';

/** Everything a provider's file asks of a body. */
function readAll(text: string): void {
  const body = requestObject(parseJson(text));
  modelOf(body);
  streamOf(body);
  messagesOf(body, absent);
  integerOf(body, 'max_tokens');
}

describe('refused', () => {
  const ok = `"model":"m","messages":[{"role":"user","content":"${secret}"}]`;
  const cases: [body: string, message: string][] = [
    ['[]', 'failed to parse request body: expected a JSON object, got an array'],
    ['null', 'failed to parse request body: expected a JSON object, got null'],
    [`"${secret}"`, 'failed to parse request body: expected a JSON object, got a string'],
    ['12345678901234567890', 'failed to parse request body: expected a JSON object, got a number that is too large'],
    ['{}', 'failed to parse request body: "model" must be a non-empty string, got nothing'],
    ['{"model":""}', 'failed to parse request body: "model" must be a non-empty string, got an empty one'],
    ['{"model":7}', 'failed to parse request body: "model" must be a non-empty string, got a number'],
    [`{${ok},"stream":"true"}`, 'failed to parse request body: "stream" must be a boolean, got a string'],
    ['{"model":"m"}', absent],
    ['{"model":"m","messages":null}', absent],
    [`{"model":"m","messages":"${secret}"}`, 'failed to parse request body: "messages" must be an array, got a string'],
    ['{"model":"m","messages":[]}', '"messages" must contain at least one message'],
    [
      `{"model":"m","messages":["${secret}"]}`,
      'failed to parse request body: "messages[0]" must be an object, got a string',
    ],
    [
      `{"model":"m","messages":[{"role":"user"},{"content":"${secret}"}]}`,
      'failed to parse request body: "messages[1].role" must be a string, got nothing',
    ],
    [
      `{"model":"m","messages":[{"role":"user","content":{"text":"${secret}"}}]}`,
      'failed to parse request body: "messages[0].content" must be a string or an array, got an object',
    ],
    [`{${ok},"max_tokens":1.5}`, 'failed to parse request body: "max_tokens" must be a whole number, got a fraction'],
    [`{${ok},"max_tokens":"9"}`, 'failed to parse request body: "max_tokens" must be a whole number, got a string'],
    [
      `{${ok},"max_tokens":12345678901234567890}`,
      'failed to parse request body: "max_tokens" must be a whole number, got a number that is too large',
    ],
  ];
  for (const [body, message] of cases)
    test(body, () => {
      assert.throws(
        () => readAll(body),
        (error) => {
          assert.ok(error instanceof Refusal);
          assert.deepEqual([error.kind, error.message], ['bad-request', message]);
          return true;
        },
      );
    });
});

describe('accepted', () => {
  for (const more of [
    '',
    '"stream":null,',
    '"stream":false,',
    '"max_tokens":null,',
    '"max_tokens":-1,',
    '"max_tokens":1e3,',
  ])
    test(`{${more}…}`, () => readAll(`{${more}"model":"m","messages":[{"role":"","content":null},{"role":"x"}]}`));
});

test('a body that is nested deeper than can be written again is the caller’s error', () => {
  const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  const refused = { kind: 'bad-request', message: 'failed to parse request body: it is nested too deeply' };
  assert.throws(() => parseJson(deep), refused);
  // Also where something else than the parser of requests made it.
  assert.throws(() => bodyOf(requestObject(JSON.parse(deep)), 'openai'), refused);
});

test('the model that is sent is the permitted one, whatever the body said, in the place where it stood', () => {
  const sent = (members: Record<string, unknown>): string => withModel(bodyOf(members, 'openai'), 'sent "so"').join('');
  const model = '"model":"sent \\"so\\""';
  assert.equal(sent({ model: 'asked', stream: true }), `{${model},"stream":true}`);
  assert.equal(sent({ model: 'asked' }), `{${model}}`);
  assert.equal(
    sent({ stream: true, model: 'asked', n: [{ model: 'm' }] }),
    `{"stream":true,${model},"n":[{"model":"m"}]}`,
  );
  assert.equal(sent({ stream: true, model: 'asked' }), `{"stream":true,${model}}`);
  assert.equal(bodyOf({ stream: true, model: 'asked', n: 1 }, 'openai').body, '{"stream":true,"n":1}');
});

test('characters are code points', () => {
  for (const text of ['', 'abc', 'Zürich', '🌍🌍', 'a🌍b', '日本', 'e\u0301'])
    assert.equal(codePoints(text), Array.from(text).length, text);
});

test('one answer is one unit of the quota: a list of prompts is refused, one of tokens too, one text passes', () => {
  assert.deepEqual(promptTextsOf({ prompt: 'fn ', suffix: '}' }), ['fn ', '}']);
  assert.deepEqual(promptTextsOf({ prompt: ['fn '] }), ['fn ']);
  // Tokens can't be inspected for what is blocked.
  for (const prompt of [[1, 2, 3], [[1, 2, 3]], [1, secret], [secret, [1]]])
    assert.throws(() => promptTextsOf({ prompt }), {
      message: '"prompt" must be text: prompts of tokens are not accepted',
    });
  for (const prompt of [
    [secret, secret],
    ['', ''],
  ])
    assert.throws(
      () => promptTextsOf({ prompt }),
      (error) =>
        error instanceof Refusal &&
        /must hold one prompt, got 2/.test(error.message) &&
        !error.message.includes(secret),
    );
});

test('a number is one however it is written', () => {
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  for (const five of [5, 5.0, '5', ' 5 ', '5e0', '5.0', '0x5', '0_5']) assert.equal(numberIn(five), 5, String(five));
  assert.equal(numberIn(rawJSON('1e400')), Infinity);
  for (const none of [undefined, null, true, '', ' ', 'five', [5], { n: 5 }]) assert.equal(numberIn(none), null);
});
