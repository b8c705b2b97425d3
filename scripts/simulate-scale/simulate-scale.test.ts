// The simulation is the same for a seed, agrees with Little's law, needs more for more, and its page is what
// terraform/scale.md holds.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { facts } from './facts.ts';
import { page } from './simulate-scale.ts';
import { simulate, type Need } from './simulate.ts';

test('the same seed gives the same figures, another one others', () => {
  assert.deepEqual(simulate(1_000, 7), simulate(1_000, 7));
  assert.notDeepEqual(simulate(1_000, 7), simulate(1_000, 8));
});

test('calls in flight are arrivals times length, a little more at their peak', () => {
  const mean = 1_000 * facts.callSeconds.value;
  const { inFlight } = simulate(1_000, 1);
  assert.ok(inFlight > mean * 0.9 && inFlight < mean * 1.2, String(inFlight));
});

test('more requests never need less, and each passed limit says what to turn', () => {
  const needs = [10, 100, 1_000, 10_000, 100_000, 1_000_000].map((rate) => simulate(rate, 1));
  for (const [n, need] of needs.entries())
    for (const name of ['inFlight', 'instances', 'redisNodes', 'queues', 'insertBytes'] as const)
      assert.ok(need[name] >= (needs[n - 1]?.[name] ?? 0), `${name} at ${need.rate}`);
  assert.deepEqual(needs[0]?.limits, []);
  assert.ok(needs.at(-1)?.limits.some((limit) => limit.includes('Redis Cluster')));
});

test('nodes carry whole shards: at some rate more of them are needed than the mean says', () => {
  const mean = ({ redisScripts }: Need): number =>
    Math.ceil(redisScripts / facts.redisScriptsPerSecond.value / facts.redisNodeTarget.value);
  const needs = [10_000, 20_000, 30_000, 50_000].map((rate) => simulate(rate, 1));
  assert.ok(needs.every((need) => need.redisNodes >= mean(need)));
  assert.ok(needs.some((need) => need.redisNodes > mean(need)));
});

test('constants that are said to come from a file of ours are what stands there', async () => {
  const read = (file: string): Promise<string> => readFile(path.resolve(import.meta.dirname, '../..', file), 'utf8');
  const number = async (file: string, form: RegExp): Promise<number> =>
    Number(form.exec(await read(file))?.[1]?.replaceAll('_', ''));
  const chat = JSON.parse(await read('functions/chat-completions/function.json')) as Record<string, number>;
  assert.equal(facts.concurrency.value, chat['concurrency']);
  assert.equal(facts.memoryGib.value, (chat['memoryMiB'] ?? 0) / 1024);
  assert.equal(facts.renewSeconds.value * 1000, await number('shared/src/limiter/lease.ts', /renewEveryMs = ([\d_]+)/));
  assert.equal(facts.batchSeconds.value * 1000, await number('shared/src/events/outbox.ts', /gatherMs = ([\d_]+)/));
  assert.equal(facts.shards.value, await number('shared/src/store/keys.ts', /shardCount = ([\d_]+)/));
  const taskBytes = await number('shared/src/events/event-task.ts', /taskBytesMax = ([\d_]+)/);
  assert.ok(Math.abs(facts.eventsPerTaskMax.value - taskBytes / facts.eventBytes.value) < 5);
  assert.equal(
    facts.queuesMax.value,
    await number('terraform/modules/gateway/variables.tf', /events_queues <= (\d+)/),
    'Terraform allows as many queues',
  );
  for (const [name, { source }] of Object.entries(facts)) assert.ok(source.length > 8, `${name} has no source`);
});

test('terraform/scale.md is what the simulation says', async () => {
  const text = await readFile(path.resolve(import.meta.dirname, '../../terraform/scale.md'), 'utf8');
  const seed = Number(/--seed (\d+)/.exec(text)?.[1]);
  const needs = [10, 100, 1_000, 10_000, 100_000, 1_000_000].map((rate) => simulate(rate, seed));
  // Tables are aligned by the formatter: cells count, not blanks.
  const cells = (from: string): string => from.replaceAll(/ *\| */g, '|').replaceAll(/\|[-:|]+\|/g, '');
  assert.equal(cells(text), cells(page(needs, seed)), 'npm run simulate-scale -- --write');
});
