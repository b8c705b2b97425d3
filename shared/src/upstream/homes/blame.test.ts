// Whose fault an answer is, by status and by the words that providers have for it. What a caller wrote, quoted in an
// error, blames nobody else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Blame } from '../call.ts';
import type { Api } from '../guarded-members.ts';
import { judge } from './blame.ts';

const anthropic = (type: string, message: string): object => ({ type: 'error', error: { type, message } });
const openai = (code: string | null, message: string, type = 'invalid_request_error'): object => ({
  error: { message, type, param: null, code },
});
const google = (code: number, status: string, message: string): object => ({ error: { code, status, message } });
const credit = 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade.';
const quota = 'You exceeded your current quota, please check your plan and billing details.';

const cases: [name: string, api: Api, status: number, body: unknown, known: boolean, blame: Blame][] = [
  ['credit balance', 'anthropic', 400, anthropic('invalid_request_error', credit), true, 'money'],
  ['billing error', 'anthropic', 402, anthropic('billing_error', 'pay'), true, 'money'],
  ['billing in 403', 'anthropic', 403, anthropic('billing_error', 'pay'), true, 'money'],
  [
    'insufficient quota is no rate limit',
    'openai',
    429,
    openai('insufficient_quota', quota, 'insufficient_quota'),
    true,
    'money',
  ],
  ['a rate limit', 'openai', 429, openai('rate_limit_exceeded', 'Rate limit reached', 'requests'), true, 'overload'],
  ['402 of whomever', 'openai', 402, { error: { message: 'Insufficient Balance' } }, true, 'money'],
  [
    'an account that is suspended',
    'openai',
    412,
    openai('PRECONDITION_FAILED', 'Account acme is suspended, possibly', 'error'),
    true,
    'money',
  ],
  [
    'prepaid credits',
    'google',
    429,
    google(429, 'RESOURCE_EXHAUSTED', 'Your prepayment credits are depleted.'),
    true,
    'money',
  ],
  [
    'a Gemini rate limit in the words of OpenAI’s quota',
    'google',
    429,
    google(429, 'RESOURCE_EXHAUSTED', quota),
    true,
    'overload',
  ],
  ['401', 'openai', 401, openai('invalid_api_key', 'Incorrect API key provided.'), true, 'key'],
  ['401 in any words', 'anthropic', 401, 'no json', true, 'key'],
  [
    'Google’s 400 of a key',
    'google',
    400,
    google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.'),
    true,
    'key',
  ],
  ['403', 'anthropic', 403, anthropic('permission_error', 'no'), true, 'access'],
  [
    '404 of a model that the catalogue has',
    'openai',
    404,
    openai('model_not_found', 'The model x does not exist'),
    true,
    'access',
  ],
  ['404 of a name that nobody knows', 'anthropic', 404, anthropic('not_found_error', 'model: x'), false, 'caller'],
  [
    'a signature of somebody else',
    'anthropic',
    400,
    anthropic('invalid_request_error', 'messages.1.content.0: Invalid `signature` in `thinking` block'),
    true,
    'state',
  ],
  [
    'encrypted content of somebody else',
    'openai',
    400,
    openai('invalid_encrypted_content', 'The encrypted content gAAA could not be verified.'),
    true,
    'state',
  ],
  [
    'a thought of somebody else',
    'google',
    400,
    google(400, 'INVALID_ARGUMENT', 'Corrupted thought signature.'),
    true,
    'state',
  ],
  [
    'encrypted content of somebody else, in a response',
    'openai-responses',
    400,
    openai('invalid_encrypted_content', 'The encrypted content gAAA could not be verified.'),
    true,
    'state',
  ],
  [
    'Google in front of Claude, in a list',
    'anthropic',
    403,
    [google(403, 'PERMISSION_DENIED', 'This API method requires billing to be enabled.')],
    true,
    'money',
  ],
  ['529', 'anthropic', 529, anthropic('overloaded_error', 'Overloaded'), true, 'overload'],
  ['503', 'google', 503, google(503, 'UNAVAILABLE', 'The model is overloaded.'), true, 'overload'],
  ['500', 'openai', 500, '', true, 'failed'],
  ['408', 'openai', 408, '', true, 'failed'],
  ['400', 'openai', 400, openai(null, 'bad'), true, 'caller'],
  ['413', 'anthropic', 413, anthropic('request_too_large', 'too large'), true, 'caller'],
  ['422', 'openai', 422, { detail: [] }, true, 'caller'],
  ['501', 'openai', 501, '', true, 'caller'],
  ['overloaded in a 200', 'anthropic', 200, anthropic('overloaded_error', 'Overloaded'), true, 'overload'],
  ['an API error in a 200', 'anthropic', 200, anthropic('api_error', 'Internal server error'), true, 'failed'],
  [
    'a bad request in a 200',
    'anthropic',
    200,
    anthropic('invalid_request_error', 'prompt is too long'),
    true,
    'caller',
  ],
  ['credit in a 200', 'anthropic', 200, anthropic('invalid_request_error', credit), true, 'money'],
  [
    'a server error in a 200',
    'openai',
    200,
    openai('server_error', 'The server had an error', 'server_error'),
    true,
    'failed',
  ],
  ['quota in a 200', 'openai', 200, openai('insufficient_quota', quota), true, 'money'],
  ['Gemini in a 200', 'google', 200, google(503, 'UNAVAILABLE', 'overloaded'), true, 'overload'],
  [
    'a prompt that quotes the words',
    'anthropic',
    400,
    anthropic('invalid_request_error', `messages.0.content: ${credit}`),
    true,
    'caller',
  ],
  ['a prompt that quotes a code', 'openai', 400, openai(null, 'Invalid value: "insufficient_quota"'), true, 'caller'],
];
for (const [name, api, status, body, known, blame] of cases)
  test(`${api} ${status}: ${name}: ${blame}`, () =>
    assert.equal(judge(api, status, typeof body === 'string' ? body : JSON.stringify(body), known).blame, blame));

test('what it said is one bounded line of the error’s own members, without keys', () => {
  const message = `Incorrect API key provided: sk-abcdefghijklmnopqrstuvwxyz.\n\u001b[31mMore${'x'.repeat(2_000)}`;
  const { said } = judge('openai', 401, JSON.stringify(openai('invalid_api_key', message)), true);
  assert.ok(said.startsWith('invalid_request_error: invalid_api_key: Incorrect API key provided: sk_[redacted]. More'));
  assert.ok(said.length <= 500 && !said.includes('\u001b') && !said.includes('\n'));
  assert.equal(judge('openai', 401, '{"prompt":"secret"}', true).said, '');
});
