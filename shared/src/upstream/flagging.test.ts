// The rules of flagging and blocking, with the limits of the original's last public source unless a row says
// otherwise, on real counts of tokens; and that every text that a model may read is looked at, wherever it stands.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { loadConfig } from '../config/config.ts';
import type { JsonObject } from './call.ts';
import type { Api } from './guarded-members.ts';
import { flag, flaggingSettings, type Flagging } from './flagging.ts';
import { promptText } from './prompt-text.ts';
import { createTokenCounter } from './token-counter.ts';

const counter = createTokenCounter(assert.fail);
after(() => counter.close());

const blocking = { CODY_GATEWAY_ANTHROPIC_REQUEST_BLOCKING_ENABLED: 'true' };
const originalLimits = {
  CODY_GATEWAY_ANTHROPIC_PROMPT_TOKEN_FLAGGING_LIMIT: '18000',
  CODY_GATEWAY_ANTHROPIC_PROMPT_TOKEN_BLOCKING_LIMIT: '20000',
  CODY_GATEWAY_ANTHROPIC_MAX_TOKENS_TO_SAMPLE_FLAGGING_LIMIT: '4000',
  CODY_GATEWAY_ANTHROPIC_RESPONSE_TOKEN_BLOCKING_LIMIT: '4000',
};

function inspect(
  body: JsonObject,
  env: Record<string, string> = {},
  provider = 'anthropic',
  model = 'claude-2',
): Promise<Flagging | null> {
  return judge(body, { ...originalLimits, ...env }, provider, { model });
}

async function judge(
  body: JsonObject,
  env: Record<string, string>,
  provider: string,
  { model = 'claude-2', limitsBlock = true }: { model?: string; limitsBlock?: boolean } = {},
): Promise<Flagging | null> {
  const config = loadConfig({ REDIS_ENDPOINT: 'none', CODY_GATEWAY_DIAGNOSTICS_SECRET: 'none', ...env });
  const settings = flaggingSettings(config, provider);
  return settings === null
    ? null
    : flag(model, promptText(body, apiOf(provider)), settings, limitsBlock, counter.count);
}

/** What most providers speak. */
const apiOf = (provider: string): Api => (provider === 'anthropic' || provider === 'google' ? provider : 'openai');

const preamble = 'You are cody-gateway.';
const legacy = (words: number): JsonObject => ({ prompt: `${preamble} ${'word '.repeat(words)}` });
const text = (role: string, content: string): JsonObject => ({ role, content: [{ type: 'text', text: content }] });
const messages = (words: number): JsonObject => ({
  messages: [text('system', preamble), text('user', 'word '.repeat(words))],
});

describe('the rules', () => {
  test('nothing speaks against an ordinary request', async () => {
    assert.equal(await inspect({ ...messages(10), max_tokens: 4000 }, blocking), null);
  });

  test('completions #41: allowed patterns, of which the prompt has none', async () => {
    const env = { ...blocking, CODY_GATEWAY_ANTHROPIC_ALLOWED_PROMPT_PATTERNS: 'you are cody-gateway.' };
    assert.deepEqual(await inspect({ prompt: 'who are you?' }, env), {
      reasons: ['unknown_prompt'],
      shouldBlock: false,
      blockedPhrase: null,
      promptTokens: null,
      maxTokens: null,
    });
  });

  test('completions #42: a pattern in other letter case inside a longer text', async () => {
    const env = { CODY_GATEWAY_ANTHROPIC_ALLOWED_PROMPT_PATTERNS: 'You are cody-GATEWAY.,other' };
    assert.equal(await inspect({ prompt: `Well: ${preamble.toUpperCase()} Indeed.` }, env), null);
  });

  test('completions #44: a legacy prompt of 18,009 tokens is flagged, not blocked', async () => {
    const flagging = await inspect(legacy(18_001), blocking);
    assert.deepEqual(flagging, {
      reasons: ['high_prompt_token_count'],
      shouldBlock: false,
      blockedPhrase: null,
      promptTokens: 18_009,
      maxTokens: null,
    });
  });

  test('completions #45: one of 20,009 is blocked, under the name that readers know', async () => {
    const flagging = await inspect(legacy(20_001), blocking);
    assert.deepEqual(
      [flagging?.reasons, flagging?.shouldBlock, flagging?.promptTokens],
      [['high_prompt_token_count', 'blocked_phrase'], true, 20_009],
    );
  });

  test('completions #46: messages of 18,013 and 20,013 tokens', async () => {
    const flagged = await inspect(messages(18_001), blocking);
    assert.deepEqual([flagged?.promptTokens, flagged?.shouldBlock], [18_013, false]);
    const blocked = await inspect(messages(20_001), blocking);
    assert.deepEqual([blocked?.promptTokens, blocked?.shouldBlock], [20_013, true]);
  });

  test('completions #47: an enormous prompt of a provider whose tokens are not counted; blocked by phrase, its count is unknown', async () => {
    const body = { messages: [{ role: 'user', content: 'word '.repeat(100_000) }] };
    assert.equal(await inspect(body, blocking, 'openai'), null);
    const env = { ...blocking, CODY_GATEWAY_ANTHROPIC_BLOCKED_PROMPT_PATTERNS: 'd word' };
    const flagging = await inspect(body, env, 'openai');
    assert.deepEqual([flagging?.shouldBlock, flagging?.promptTokens], [true, null]);
  });

  test('completions #48: a flagged model, in whatever spelling, and nothing else', async () => {
    const env = { CODY_GATEWAY_ANTHROPIC_FLAGGED_MODEL_NAMES: 'Dangerous-LLM-model' };
    const flagging = await inspect({ prompt: 'x' }, env, 'anthropic', 'dangerous-llm-MODEL');
    assert.deepEqual(flagging?.reasons, ['model_used']);
  });

  test('a blocked phrase is blocked only where blocking is on; of a short prompt the count is told when it is', async () => {
    const env = { CODY_GATEWAY_ANTHROPIC_BLOCKED_PROMPT_PATTERNS: 'other,bad phrase' };
    const off = await inspect({ prompt: 'a Bad Phrase' }, env);
    assert.deepEqual([off?.reasons, off?.shouldBlock, off?.promptTokens], [['blocked_phrase'], false, null]);
    const on = await inspect({ prompt: 'a Bad Phrase' }, { ...env, ...blocking });
    assert.deepEqual([on?.shouldBlock, on?.blockedPhrase, on?.promptTokens], [true, 'bad phrase', 3]);
  });

  test('lengths that are asked for, wherever a provider has them', async () => {
    for (const body of [
      { max_tokens: 4001 },
      { max_tokens_to_sample: 4001 },
      { max_tokens: 1, max_completion_tokens: 4001 },
      { generationConfig: { maxOutputTokens: 4001 } },
    ]) {
      const flagging = await inspect(body, blocking, 'openai');
      assert.deepEqual(
        [flagging?.reasons, flagging?.shouldBlock, flagging?.maxTokens],
        [['high_max_tokens_to_sample', 'blocked_phrase'], true, 4001],
      );
    }
  });

  test('a provider’s own knobs win over Anthropic’s, knob by knob', async () => {
    const env = {
      CODY_GATEWAY_ANTHROPIC_BLOCKED_PROMPT_PATTERNS: 'theirs',
      CODY_GATEWAY_ANTHROPIC_REQUEST_BLOCKING_ENABLED: 'true',
      CODY_GATEWAY_OPENAI_BLOCKED_PROMPT_PATTERNS: 'ours',
      CODY_GATEWAY_OPENAI_RESPONSE_TOKEN_BLOCKING_LIMIT: '100',
    };
    assert.equal(await inspect({ prompt: 'theirs' }, env, 'openai'), null);
    assert.equal((await inspect({ prompt: 'ours' }, env, 'openai'))?.shouldBlock, true);
    assert.equal((await inspect({ prompt: 'theirs' }, env))?.shouldBlock, true);
    assert.equal((await inspect({ max_tokens: 101 }, env, 'openai'))?.shouldBlock, true);
    assert.equal(await inspect({ max_tokens: 101 }, env), null);
  });
});

describe('who is looked at, and by which limits', () => {
  test('who pays is marked for a length, and blocked for a phrase alone', async () => {
    const env = { ...blocking, ...originalLimits, CODY_GATEWAY_ANTHROPIC_BLOCKED_PROMPT_PATTERNS: 'bad phrase' };
    const payer = { limitsBlock: false };
    const long = await judge({ ...legacy(20_001), max_tokens: 4001 }, env, 'anthropic', payer);
    assert.deepEqual(
      [long?.reasons, long?.shouldBlock],
      [['high_max_tokens_to_sample', 'high_prompt_token_count'], false],
    );
    assert.equal((await judge({ prompt: 'bad phrase' }, env, 'anthropic', payer))?.shouldBlock, true);
  });

  test('no length is too long where nobody set a limit, and one limit alone counts', async () => {
    assert.equal(await judge({ ...legacy(200_001), max_tokens: 128_000 }, blocking, 'anthropic'), null);
    const flagging = { ...blocking, CODY_GATEWAY_ANTHROPIC_PROMPT_TOKEN_FLAGGING_LIMIT: '18000' };
    const flagged = await judge({ ...legacy(20_001), max_tokens: 128_000 }, flagging, 'anthropic');
    assert.deepEqual([flagged?.reasons, flagged?.shouldBlock], [['high_prompt_token_count'], false]);
  });

  test('what is blocked for a phrase tells its tokens all the same', async () => {
    const env = { ...blocking, CODY_GATEWAY_ANTHROPIC_BLOCKED_PROMPT_PATTERNS: 'bad phrase' };
    assert.equal((await judge({ prompt: 'bad phrase' }, env, 'anthropic'))?.promptTokens, 2);
  });

  test('Fireworks by its own knobs alone, all others also by Anthropic’s, those too that have no knobs', async () => {
    const anthropics = {
      ...blocking,
      CODY_GATEWAY_ANTHROPIC_BLOCKED_PROMPT_PATTERNS: 'bad phrase',
      CODY_GATEWAY_ANTHROPIC_FLAGGED_MODEL_NAMES: 'claude-2',
      CODY_GATEWAY_ANTHROPIC_ALLOWED_PROMPT_PATTERNS: 'good phrase',
      CODY_GATEWAY_ANTHROPIC_MAX_TOKENS_TO_SAMPLE_FLAGGING_LIMIT: '40000',
    };
    const body = { prompt: 'bad phrase', max_tokens: 100_000 };
    for (const provider of ['openai', 'google', 'mistral', 'constructor'])
      assert.equal((await judge(body, anthropics, provider))?.reasons.length, 4, provider);
    assert.equal(await judge(body, anthropics, 'fireworks'), null);
    const own = { ...anthropics, CODY_GATEWAY_FIREWORKS_BLOCKED_PROMPT_PATTERNS: 'Bad Phrase' };
    const flagging = await judge(body, own, 'fireworks');
    assert.deepEqual([flagging?.reasons, flagging?.shouldBlock], [['blocked_phrase'], false]);
    const on = await judge(body, { ...own, CODY_GATEWAY_FIREWORKS_REQUEST_BLOCKING_ENABLED: 'true' }, 'fireworks');
    assert.equal(on?.shouldBlock, true);
    const length = await judge(
      body,
      { CODY_GATEWAY_FIREWORKS_MAX_TOKENS_TO_SAMPLE_FLAGGING_LIMIT: '4000' },
      'fireworks',
    );
    assert.deepEqual(length?.reasons, ['high_max_tokens_to_sample']);
  });

  test('a length is read in every spelling', async () => {
    for (const body of [
      { maxTokens: '4001' },
      { generation_config: { max_output_tokens: 4001 } },
      { generationConfig: { MaxOutputTokens: 4000.5 } },
    ])
      assert.equal((await inspect(body, blocking, 'google'))?.shouldBlock, true, JSON.stringify(body));
  });
});

describe('a phrase is found wherever a model would read it', () => {
  const places: Readonly<Record<string, JsonObject>> = {
    'a role that nobody knows': { messages: [text('user', 'x'), text('wizard', 'bad phrase')] },
    'no role': { messages: [{ content: 'bad phrase' }] },
    'the system text': { system: 'bad phrase', messages: [text('user', 'x')] },
    'system blocks': { system: [{ type: 'text', text: 'bad phrase', cache_control: { type: 'ephemeral' } }] },
    'two blocks of one message': { messages: [{ role: 'user', content: [{ text: 'bad ' }, { text: 'phrase' }] }] },
    'a tool’s result': {
      messages: [{ role: 'user', content: [{ type: 'tool_result', content: [{ text: 'bad phrase' }] }] }],
    },
    'what a tool was given': {
      messages: [{ role: 'assistant', content: [{ type: 'tool_use', input: { q: 'bad phrase' } }] }],
    },
    'a call’s arguments': {
      messages: [{ role: 'assistant', tool_calls: [{ function: { arguments: '{"q":"bad phrase"}' } }] }],
    },
    'a document of text': {
      messages: [{ role: 'user', content: [{ type: 'document', source: { type: 'text', data: 'bad phrase' } }] }],
    },
    'a tool’s description': { messages: [], tools: [{ function: { description: 'bad phrase' } }] },
    'a suffix': { prompt: 'x', suffix: 'bad phrase' },
    'a prediction': { messages: [], prediction: { type: 'content', content: 'bad phrase' } },
    'Google’s parts': { contents: [{ role: 'user', parts: [{ text: 'bad phrase' }] }] },
    'Google’s instruction': { systemInstruction: { parts: [{ text: 'bad phrase' }] }, contents: [] },
  };
  const env = { CODY_GATEWAY_ANTHROPIC_BLOCKED_PROMPT_PATTERNS: 'bad phrase' };
  for (const [place, body] of Object.entries(places))
    test(place, async () => assert.equal((await inspect(body, env))?.blockedPhrase, 'bad phrase'));

  test('not in what is no text: the bytes of an image', async () => {
    const source = { type: 'base64', media_type: 'image/png', data: 'bad phrase' };
    assert.equal(await inspect({ messages: [{ role: 'user', content: [{ type: 'image', source }] }] }, env), null);
  });

  test('however deep it lies', async () => {
    let content: unknown = 'bad phrase';
    for (let depth = 0; depth < 100_000; depth++) content = [content];
    assert.equal((await inspect({ messages: [{ role: 'user', content }] }, env))?.blockedPhrase, 'bad phrase');
  });
});
