// Every command alike: two words, a summary, help of at most 80 columns with an example, options in its usage that are
// the options it takes; what is typed wrongly is told with what was meant; and shells complete all of it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { commands, meantBy, nouns } from './commands.ts';
import { completionCommands, optionsOf } from './completion.ts';
import { UsageError } from './command.ts';
import { helpPage } from './help-page.ts';

for (const command of commands)
  test(`${command.name}: help, example, options`, async () => {
    const { name, summary, help } = command;
    assert.match(name, /^[a-z-]+ [a-z-]+$/);
    assert.ok(summary.length > 10);
    const page = helpPage(help);
    for (const line of page.split('\n')) assert.ok(line.length <= 80, line);
    assert.match(help, new RegExp(`^usage: npm run gateway -- ${name} `));
    assert.match(page, new RegExp(`\nexamples?:\n  npm run (--silent )?gateway -- ${name}`));
    // Nothing is lost by folding.
    const plain = (text: string): string => text.replaceAll(/[\s\\]+/g, '');
    assert.equal(plain(page), plain(help));
    const [usage = '', ...rest] = help.split('\n\n');
    const described = [...rest.join('\n\n').matchAll(/^ {2}(--[a-z-]+)((?:, --[a-z-]+)*)/gm)].flatMap(
      ([, first = '', more = '']) => [first, ...more.split(', ').filter((option) => option !== '')],
    );
    const options = optionsOf(command);
    for (const option of described) assert.ok(options.includes(option), `${option} is not in the usage`);
    // Each is taken: what is refused is the one that nobody knows.
    for (const option of options) {
      const takesValue = new RegExp(`${option} [<a-z]`).test(usage.replaceAll(/\s+/g, ' '));
      const given = [...(takesValue ? [`${option}=x`] : [option]), '--zzz-unknown'];
      await assert.rejects(
        async () => command.run(given),
        (error) => error instanceof UsageError && error.message.startsWith("Unknown option '--zzz-unknown'"),
        option,
      );
    }
  });

test('what takes something away, or sends it anew, asks for a reason; what has no way back for --yes too', () => {
  const required = (name: string): string[] => {
    const command = commands.find((one) => one.name === name);
    assert.ok(command !== undefined, name);
    const [usage = ''] = command.help.split('\n\n');
    return [...usage.replaceAll(/\[[^\]]*\]/g, '').matchAll(/--(reason|yes)\b/g)]
      .map(([, option = '']) => option)
      .toSorted();
  };
  for (const name of [
    'subscriptions delete',
    'subscriptions disable',
    'subscriptions archive',
    'tokens revoke',
    'limits reset',
    'budgets reset',
    'dead-letters delete',
  ])
    assert.deepEqual(required(name), ['reason', 'yes'], name);
  for (const name of [
    'dead-letters replay',
    'events replay',
    'subscriptions enable',
    'models disable',
    'providers disable',
    'homes drain',
  ])
    assert.deepEqual(required(name), ['reason'], name);
  // Only what can't be taken back is said to be for good.
  for (const { name, summary, help } of commands)
    if (/for good/.test(summary + help)) assert.match(name, / (delete|revoke)$/);
});

test('words: a command, a noun, and what may have been meant', () => {
  const hint = (...words: string[]): string | null => {
    const meant = meantBy(words);
    assert.ok('unknown' in meant, words.join(' '));
    return meant.hint;
  };
  assert.ok('command' in meantBy(['usage', 'cost']));
  const noun = meantBy(['usage']);
  assert.ok('commands' in noun);
  assert.deepEqual(
    noun.commands.map(({ name }) => name),
    ['usage show', 'usage cost', 'usage tags', 'usage report', 'usage export'],
  );
  assert.equal(hint('subscription', 'list'), 'did you mean subscriptions list?');
  assert.equal(hint('subscriptions', 'delte'), 'did you mean subscriptions delete?');
  assert.equal(hint('list', 'subscriptions'), 'did you mean subscriptions list?');
  assert.equal(hint('subscritpions'), 'did you mean subscriptions?');
  assert.equal(hint('usage', 'frob'), 'usage has show, cost, tags, report, export.');
  assert.equal(hint('frob', 'it'), null);
});

const script = async (shell: string): Promise<string> => {
  const command = commands.find(({ name }) => name === `completion ${shell}`);
  const { text } = (await command?.run([])) ?? { text: '' };
  return text;
};

test('bash completes nouns, verbs and options', async () => {
  const text = await script('bash');
  const complete = (...words: string[]): string[] => {
    const list = words.map((word) => `'${word}'`).join(' ');
    const code = `${text}\nCOMP_WORDS=(gateway ${list}); COMP_CWORD=${words.length}; _gateway; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', code], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
    return stdout.split('\n').filter((line) => line !== '');
  };
  assert.deepEqual(complete(''), [...nouns.keys(), 'help']);
  assert.deepEqual(complete('sub'), ['subscriptions']);
  for (const [noun, own] of nouns)
    assert.deepEqual(
      complete(noun, ''),
      own.map(({ name }) => name.slice(noun.length + 1)),
    );
  assert.deepEqual(complete('subscriptions', 'create', '--na'), ['--name']);
  assert.deepEqual(complete('audit', 'list', '--'), [
    '--subscription',
    '--since',
    '--most',
    '--project',
    '--json',
    '--help',
  ]);
});

for (const [shell, check] of [
  ['zsh', ['-n']],
  ['fish', ['--no-execute']],
] as const)
  test(`${shell} has every noun, verb and option, in words that it can read`, async (t) => {
    const text = await script(shell);
    for (const [noun, own] of nouns) {
      assert.ok(text.includes(noun));
      for (const { name } of own) assert.ok(text.includes(name.slice(noun.length + 1)), name);
    }
    const { error, status, stderr } = spawnSync(shell, [...check, '/dev/stdin'], { input: text, encoding: 'utf8' });
    if (error !== undefined) return t.skip(`${shell} is not installed here: its reading of the script is not tested`);
    assert.equal(status, 0, stderr);
  });

test('a quote in the folder’s name or a summary does not end a word of the script', async () => {
  const odd = {
    name: 'a b',
    summary: "it's one",
    help: 'usage: npm run gateway -- a b [--x]\n\n',
    run: () => assert.fail('asked'),
  };
  const fish = completionCommands([odd]).find(({ name }) => name.endsWith('fish'));
  assert.match((await fish?.run([]))?.text ?? '', /-d 'it'\\''s one'/);
});
