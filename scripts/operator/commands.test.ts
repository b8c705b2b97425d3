// Every command alike: two words, a summary, help of at most 80 columns with an example, options in its usage that are
// the options it takes; what is typed wrongly is told with what was meant; and shells complete all of it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
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
  assert.equal(hint('subscription', 'lst'), 'did you mean subscriptions list?');
  assert.equal(hint('subscriptions', 'delte'), 'did you mean subscriptions delete?');
  assert.equal(hint('list', 'subscriptions'), 'did you mean subscriptions list?');
  assert.equal(hint('subscritpions'), 'did you mean subscriptions?');
  assert.equal(hint('usage', 'frob'), 'usage has show, cost, tags, report, export.');
  assert.equal(hint('frob', 'it'), null);
});

const quoted = (text: string): string => `'${text}'`;
const script = async (shell: string): Promise<string> => {
  const command = commands.find(({ name }) => name === `completion ${shell}`);
  const { text } = (await command?.run([])) ?? { text: '' };
  return text;
};

/** What is typed, and all that a shell offers for its last word. */
const offered: readonly (readonly [typed: readonly string[], words: readonly string[]])[] = [
  [[''], [...nouns.keys(), 'help']],
  ...[...nouns].map(([noun, own]) => [[noun, ''], own.map(({ name }) => name.slice(noun.length + 1))] as const),
  [
    ['audit', 'list', '--'],
    ['--subscription', '--since', '--most', '--project', '--json', '--help'],
  ],
  [['audit', 'list', '--since', '1h', '--mo'], ['--most']],
  [['audit', 'list', '--since', ''], []],
];

test('bash completes nouns, verbs and options', async () => {
  const text = await script('bash');
  const completeBash = (...words: string[]): string[] => {
    const list = words.map((word) => `'${word}'`).join(' ');
    const code = `${text}\nCOMP_WORDS=(gateway ${list}); COMP_CWORD=${words.length}; _gateway; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', code], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
    return stdout.split('\n').filter((line) => line !== '');
  };
  for (const [typed, words] of offered) assert.deepEqual(completeBash(...typed), words, typed.join(' '));
  assert.deepEqual(completeBash('sub'), ['subscriptions']);
  assert.deepEqual(completeBash('subscriptions', 'create', '--na'), ['--name']);
});

/** A shell that is asked as a person's is, in a folder with one file. */
function complete(t: TestContext, shell: string, text: string, ask: (typed: readonly string[]) => string) {
  const dir = mkdtempSync(path.join(tmpdir(), 'gateway-completion-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(path.join(dir, 'a-file.csv'), '');
  const script = path.join(dir, '.script');
  return (typed: readonly string[]): string[] | null => {
    writeFileSync(script, `${text}\n${ask(typed)}\n`);
    const { error, status, stdout, stderr } = spawnSync(shell, [script], {
      cwd: dir,
      env: { ...process.env, HOME: dir, XDG_CONFIG_HOME: dir, XDG_DATA_HOME: dir },
      encoding: 'utf8',
    });
    if (error !== undefined && 'code' in error && error.code === 'ENOENT') return null;
    assert.deepEqual([status, stderr], [0, ''], typed.join(' '));
    return stdout.split('\n').filter((line) => line !== '');
  };
}

for (const [shell, head, ask] of [
  // What zsh itself knows only while a line is edited.
  [
    'zsh',
    'compdef() { :; }; compadd() { shift; print -l -- $@; }; _files() { print -l -- *; }',
    (typed: string) => `words=(gateway ${typed}); CURRENT=$#words; _gateway`,
  ],
  [
    'fish',
    '',
    (_typed: string, plain: string) => `complete -C ${quoted(`gateway ${plain}`)} | string split -f1 \\t; true`,
  ],
] as const)
  test(`${shell} completes nouns, verbs and options, and files where a file is meant`, async (t) => {
    const asks = complete(t, shell, `${head}\n${await script(shell)}`, (typed) =>
      ask(typed.map(quoted).join(' '), typed.join(' ')),
    );
    if (asks(['']) === null) return t.skip(`${shell} is not installed here: what it completes is not tested`);
    for (const [typed, words] of offered) {
      const last = typed.at(-1) ?? '';
      const got = (asks(typed) ?? []).filter((word) => word.startsWith(last));
      assert.deepEqual(got.toSorted(), [...words].toSorted(), typed.join(' '));
    }
    assert.deepEqual(asks(['events', 'replay', '--log', 'a']), ['a-file.csv']);
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
