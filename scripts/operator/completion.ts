// `completion bash | zsh | fish`: a shell's own words for the operator's command, as a function `gateway` that can be
// called in any folder.

import path from 'node:path';
import { readArguments, type Command } from './command.ts';

const root = path.resolve(import.meta.dirname, '../..');
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const run = `npm --prefix ${quoted(root)} run --silent gateway --`;

const shells = {
  bash: { script: bash, where: '~/.bashrc', line: `source <(${run} completion bash)` },
  zsh: { script: zsh, where: '~/.zshrc', line: `source <(${run} completion zsh)` },
  fish: { script: fish, where: '~/.config/fish/config.fish', line: `${run} completion fish | source` },
} as const;

/** @param all the commands that are completed */
export function completionCommands(all: readonly Command[]): readonly Command[] {
  return Object.entries(shells).map(([shell, { script, where, line }]) => ({
    name: `completion ${shell}`,
    summary: `a function gateway for ${shell} that completes nouns, verbs and options`,
    help: `usage: npm run gateway -- completion ${shell} [--json]

Prints a script. It makes a function gateway, which is npm run gateway from any folder, with completion.

In ${where}:
  ${line}

example:
  npm run --silent gateway -- completion ${shell}
`,
    run: async (args) => {
      readArguments(args, []);
      const text = script(all);
      return Promise.resolve({ text, json: { shell, script: text }, verbatim: true });
    },
  }));
}

/** The options of a command, as its usage has them: `--name`. */
export function optionsOf({ help }: Command): string[] {
  const [usage = ''] = help.split('\n\n');
  return [...new Set([...usage.matchAll(/(?<=[\s[(])--[a-z][a-z-]*/g)].map(([option]) => option))];
}

/** What each option's value is in the usage, such as `<file>`; null for one that takes none. */
function valueOf({ help }: Command, option: string): string | null {
  const [usage = ''] = help.split('\n\n');
  return new RegExp(`${option} (<[^>]*>|[a-z]+(?:\\|[a-z]+)+)`).exec(usage.replaceAll(/\s+/g, ' '))?.[1] ?? null;
}

const nounOf = ({ name }: Command): string => name.split(' ')[0] ?? '';
const verbOf = ({ name }: Command): string => name.split(' ')[1] ?? '';
const nounsOf = (all: readonly Command[]): string[] => [...new Set(all.map(nounOf)), 'completion', 'help'];

/** Options with a value, by what it is. */
function valued(all: readonly Command[]): {
  readonly files: string[];
  readonly others: string[];
  readonly words: ReadonlyMap<string, string>;
} {
  const values = new Map(
    all.flatMap((command) =>
      optionsOf(command).flatMap((option) => {
        const value = valueOf(command, option);
        return value === null ? [] : [[option, value] as const];
      }),
    ),
  );
  const named = [...values];
  return {
    files: named.filter(([, value]) => isFile(value)).map(([option]) => option),
    others: named.filter(([, value]) => !isFile(value) && value.startsWith('<')).map(([option]) => option),
    words: new Map(
      named.filter(([, value]) => !value.startsWith('<')).map(([option, value]) => [option, wordsIn(value)]),
    ),
  };
}

const isFile = (value: string): boolean => value === '<file>' || value === '<csv>';
const wordsIn = (value: string): string => value.replaceAll('|', ' ');

function cases(all: readonly Command[], word: string): string {
  const verbs = [...Map.groupBy(all, nounOf)].map(([noun, own]) => `${noun}) words='${own.map(verbOf).join(' ')}' ;;`);
  const options = all.map((command) => `'${command.name}') words='${optionsOf(command).join(' ')} --help' ;;`);
  const { files, others, words } = valued(all);
  const none = [...files, ...others];
  return `  case "$at" in
    1) words='${nounsOf(all).join(' ')}' ;;
    2) case "\${${word}[$first]}" in
      completion) words='${Object.keys(shells).join(' ')}' ;;
      help) words='${nounsOf(all).join(' ')}' ;;
      ${verbs.join('\n      ')}
    esac ;;
    *) case "\${${word}[$first+$at-2]}" in
      ${none.length === 0 ? '' : `${none.join('|')}) ;;`}
      ${[...words].map(([option, some]) => `${option}) words='${some}' ;;`).join('\n      ')}
      *) case "\${${word}[$first]} \${${word}[$first+1]}" in
      ${options.join('\n      ')}
      esac ;;
    esac ;;
  esac`;
}

/** What is not completed by words is a file's name. */
function bash(all: readonly Command[]): string {
  return `gateway() { ${run} "$@"; }
_gateway() {
  local words= at=$COMP_CWORD first=1
${cases(all, 'COMP_WORDS')}
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _gateway gateway`;
}

function zsh(all: readonly Command[]): string {
  const { files } = valued(all);
  return `gateway() { ${run} "$@"; }
_gateway() {
  local words_typed=("\${words[@]}") at=$((CURRENT - 1)) first=2
  local words=
  if [[ $at -gt 2 && "\${words_typed[$at]}" == (${files.join('|')}) ]]; then _files; return; fi
${cases(all, 'words_typed')}
  compadd -- \${=words}
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
compdef _gateway gateway`;
}

function fish(all: readonly Command[]): string {
  const at = (count: number, ...words: readonly string[]): string =>
    [
      `test (count (commandline -opc)) -${count > 2 ? 'ge' : 'eq'} ${count}`,
      ...words.map((word) => `__fish_seen_subcommand_from ${word}`),
    ].join('; and ');
  const offer = (when: string, what: string): string => `complete -c gateway -n ${quoted(when)} ${what}`;
  return [
    `function gateway; ${run} $argv; end`,
    'complete -c gateway -f',
    offer(at(1), `-a ${quoted(nounsOf(all).join(' '))}`),
    offer(at(2, 'completion'), `-a ${quoted(Object.keys(shells).join(' '))}`),
    offer(at(2, 'help'), `-a ${quoted(nounsOf(all).join(' '))}`),
    ...all.map((one) => offer(at(2, nounOf(one)), `-a ${verbOf(one)} -d ${quoted(one.summary)}`)),
    ...all.flatMap((one) =>
      [...optionsOf(one), '--help'].map((option) =>
        offer(at(3, nounOf(one), verbOf(one)), `-l ${option.slice(2)}${fishValue(valueOf(one, option))}`),
      ),
    ),
  ].join('\n');
}

function fishValue(value: string | null): string {
  if (value === null) return '';
  return isFile(value) ? ' -r -F' : ` -x${value.startsWith('<') ? '' : ` -a ${quoted(wordsIn(value))}`}`;
}
