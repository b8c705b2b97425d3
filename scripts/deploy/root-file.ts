// Reads and edits the literals of terraform/envs/<env>/main.tf: project, region, tags. Knows that file's form, not HCL.

import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../terminal/usage-error.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** An environment as its root says. */
export interface Root {
  /** Whether it is rolled out by pull request; a region that stands by for production is, too. */
  readonly production: boolean;
  readonly dir: string;
  readonly file: string;
  readonly project: string;
  readonly region: string;
  readonly hostname: string;
  /** Of every function that `functionTags` does not name. */
  readonly imageTag: string;
  readonly functionTags: Readonly<Record<string, string>>;
}

/** @throws Error where there is no such environment, or its file has another form */
export function readRoot(env: string, base = path.join(root, 'terraform/envs')): Root {
  const envs = globSync('*/main.tf', { cwd: base }).map((file) => path.dirname(file));
  if (!envs.includes(env)) throw new UsageError(`no environment ${env}; there are ${envs.toSorted().join(' and ')}`);
  const dir = path.join(base, env);
  const file = path.join(dir, 'main.tf');
  const text = readFileSync(file, 'utf8');
  const literal = (name: string): string => {
    const value = new RegExp(`^\\s*${name}\\s*=\\s*"([^"]*)"`, 'm').exec(text)?.[1];
    if (value === undefined) throw new Error(`${file}: ${name} is no literal`);
    return value;
  };
  const tags = /^\s*function_tags\s*=\s*\{([^}]*)\}/m.exec(text)?.[1];
  if (tags === undefined) throw new Error(`${file}: function_tags is no literal`);
  return {
    production: literal('env') === 'prod',
    dir,
    file,
    project: literal('project_id'),
    region: literal('region'),
    hostname: literal('hostname'),
    imageTag: literal('image_tag'),
    functionTags: Object.fromEntries(
      [...tags.matchAll(/"?([a-z0-9-]+)"?\s*=\s*"([^"]*)"/g)].map(([, name = '', tag = '']) => [name, tag]),
    ),
  };
}

/**
 * Writes tags into the file, in the form of `terraform fmt`. What is of one tag for every function becomes
 * `image_tag`, and `function_tags` keeps those that differ from it: an entry there wins, and an entry for each
 * function would leave `image_tag` to nobody.
 * @param tags by function; functions that are not named keep what they have
 * @param all names of every function
 */
export function writeTags(target: Root, tags: Readonly<Record<string, string>>, all: readonly string[]): void {
  const wanted = new Map(all.map((name) => [name, tags[name] ?? target.functionTags[name] ?? target.imageTag]));
  const [first = target.imageTag, ...others] = new Set(wanted.values());
  const imageTag = others.length === 0 ? first : target.imageTag;
  const own = [...wanted].filter(([, tag]) => tag !== imageTag).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const width = Math.max(0, ...own.map(([name]) => name.length)) + 2;
  const lines = own.map(([name, tag]) => `    ${`"${name}"`.padEnd(width)} = "${tag}"\n`);
  const text = readFileSync(target.file, 'utf8')
    .replace(/^(\s*image_tag\s*=\s*)"[^"]*"/m, (_all, head: string) => `${head}"${imageTag}"`)
    .replace(
      /^(\s*function_tags\s*=\s*)\{[^}]*\}/m,
      (_all, head: string) => `${head}{${lines.length === 0 ? '' : `\n${lines.join('')}  `}}`,
    );
  writeFileSync(target.file, text);
}
