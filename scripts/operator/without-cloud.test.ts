// Where no local cloud runs and no project is named, every command says in one line how to start one; and the examples
// of its help are command lines that it takes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from './command.ts';

// Read when the commands are loaded.
process.env['GATEWAY_CLOUD_FILE'] = '/no/such/folder/cloud.json';
const { commands } = await import('./commands.ts');

/** Those that ask no deployment, or read what they were given first, which is not there. */
const others: Readonly<Record<string, RegExp | null>> = {
  'tokens derive': null,
  'prices compare': /--file .* can.t be read/,
  'events replay': /--log: .* can.t be read/,
  'queries list': null,
  'completion bash': null,
  'completion zsh': null,
  'completion fish': null,
};

/** The words of its first example behind its name, without the project that it names. */
function exampleOf(name: string, help: string): string[] {
  const [, line = ''] = new RegExp(`^ {2}npm run (?:--silent )?gateway -- ${name}\\b(.*)$`, 'm').exec(help) ?? [];
  const [before = ''] = line.split(/ [|<>]/);
  const words = (before.match(/"[^"]*"|'[^']*'|\S+/g) ?? []).map((word) =>
    // A secret that would be read from standard input.
    word === '-' ? `slk_${'0'.repeat(64)}` : word.replaceAll(/^["']|["']$/g, ''),
  );
  const at = words.indexOf('--project');
  return at === -1 ? words : words.toSpliced(at, 2);
}

for (const { name, help, run } of commands)
  test(`${name} without a cloud`, async () => {
    const words = exampleOf(name, help);
    const expected = others[name];
    if (expected === null) {
      const { text } = await run(words);
      assert.ok(text.length > 0);
      return;
    }
    await assert.rejects(run(words), (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(
        error.message,
        expected ?? /^[a-z ]+\? Start the local cloud with npm start, or name a project with --project <id>$/,
      );
      return true;
    });
  });
