// The catalogue holds what it must: the original's defaults, what the SDKs' types name, what Cody's clients ask for; each once.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { catalogue, defaultModels, knownModel } from './catalogue.ts';
import { resolveModel } from './providers/fireworks-models.ts';

const [F, S] = ['accounts/fireworks/models/', 'accounts/sourcegraph/models/'];

/** Spec completions §2.9, with the lists that it names in §2.7 written out. */
const originals = {
  anthropic:
    'claude-v1 claude-v1-100k claude-v1.0 claude-v1.2 claude-v1.3 claude-v1.3-100k claude-2 claude-2.0 claude-2.1 claude-2-100k claude-instant-v1 ' +
    'claude-instant-1 claude-instant-v1-100k claude-instant-v1.0 claude-instant-v1.1 claude-instant-v1.1-100k claude-instant-v1.2 claude-instant-1.2 ' +
    'claude-instant-1.2-cyan claude-3-haiku-20240307 claude-3-sonnet-20240229 claude-3-5-sonnet-20240620 claude-3-opus-20240229',
  openai: 'gpt-4 gpt-3.5-turbo gpt-4o gpt-4-turbo gpt-4-turbo-preview',
  google:
    'gemini-1.5-flash-latest gemini-1.5-pro-latest gemini-pro-latest gemini-1.5-flash-001 gemini-1.5-pro-001 gemini-1.5-flash gemini-1.5-pro gemini-pro',
  fireworks: [
    'starcoder',
    ...['starcoder2-15b', 'starcoder2-7b', 'starcoder-16b', 'custom-deepseek-1p3b-base-hf-version'].map((id) => S + id),
    ...['deepseek-coder-7b-base', 'deepseek-coder-v2-lite-base', 'code-qwen-1p5-7b'].map((id) => S + id),
    ...['16b', '7b', '16b-w8a16', '7b-w8a16', '3b-w8a16', '1b-w8a16'].map((size) => `${F}starcoder-${size}`),
    ...['7b-code', '13b-code', '13b-code-instruct', '34b-code-instruct'].map((id) => `${F}llama-v2-${id}`),
    ...['mistral-7b-instruct-4k', 'mixtral-8x7b-instruct', 'mixtral-8x22b-instruct'].map((id) => F + id),
    ...['typescript', 'javascript', 'php', 'python'].map(
      (language) => `${S}lang-${language}-context-fim-meta-llama-3-8b-instruct-e-1`,
    ),
    `${S}finetuned-fim-lang-all-model-meta-llama-3-8b`,
    ...['typescript', 'javascript', 'php', 'python', 'jsx', 'all'].map(
      (language) => `${S}finetuned-fim-lang-${language}-model-mixtral-8x7b`,
    ),
    ...['ts', 'js', 'py', 'tsx-jsx'].map((language) => `${S}finetuned-fim-lang-${language}-model-deepseek-7b-logs-v2`),
    ...['ts-like', 'py'].map((language) => `${S}finetuned-fim-lang-${language}-model-deepseek-7b-stack-v2`),
    ...['deepseek-stack-trained', 'deepseek-logs-trained', 'mixtral'].map((id) => `fim-lang-specific-model-${id}`),
  ].join(' '),
} as const;

for (const provider of ['anthropic', 'openai', 'google', 'fireworks'] as const)
  test(`${provider}: the original's default list is part of ours`, () => {
    const ours = new Set(defaultModels(provider));
    assert.deepEqual(
      originals[provider].split(' ').filter((id) => !ours.has(id)),
      [],
    );
  });

test('each model stands there once, and its answer fits into its context', () => {
  const names = catalogue.map(({ provider, id }) => `${provider}/${id}`);
  assert.equal(new Set(names).size, names.length);
  for (const { id, contextTokens, outputTokens } of catalogue)
    assert.ok((outputTokens ?? 0) <= (contextTokens ?? Infinity), id);
});

/** The members of a union of names in a package's declarations. */
function namesIn(packageName: string, file: string, type: string): string[] {
  const root = path.dirname(createRequire(import.meta.url).resolve(packageName));
  const declared = new RegExp(`export type ${type} = ([^;]+);`).exec(readFileSync(path.join(root, file), 'utf8'))?.[1];
  assert.ok(declared, `${packageName} declares ${type}`);
  const names = [...declared.matchAll(/'([^']+)'/g)].map(([, name]) => name ?? '');
  assert.ok(names.length > 10, `${packageName} names its models`);
  return names;
}

test('every model that the SDKs’ types name is known, but for those of other APIs and other bills', () => {
  // Only on OpenAI's Responses API; sound and searches are billed apart from tokens.
  const others = /-pro(-|$)|codex|audio|search-preview/;
  for (const [provider, ids] of [
    ['openai', namesIn('openai', 'resources/shared.d.ts', 'ChatModel')],
    ['anthropic', namesIn('@anthropic-ai/sdk', 'resources/messages/messages.d.ts', 'Model')],
  ] as const)
    assert.deepEqual(
      ids.filter((id) => !others.test(id) && knownModel(`${provider}/${id}`) === null),
      [],
    );
});

test('what Cody’s fast path asks for by name is served by default (spec clients §3.5)', () => {
  const deployment = { enterprisePercent: 100, communityPercent: 0, draw: () => 0 };
  const llamas = ['llama-v2-13b-code', 'code-llama-7b', 'qwen-v2p5-7b', 'deepseek-coder-v2-lite-base'];
  const virtual = ['starcoder', 'starcoder-16b', 'starcoder-7b', 'deepseek-coder-v2-lite-base'];
  for (const name of [...virtual, ...llamas.map((id) => F + id)]) {
    const resolved = resolveModel(name, 'typescript', deployment);
    assert.notEqual(knownModel(`fireworks/${resolved}`), null, name);
  }
});
