// Reads and edits the literals of terraform/envs/<env>/main.tf: project, region, tags. Knows that file's form, not HCL.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** An environment as its root says. */
export interface Root {
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
  if (env !== 'dev' && env !== 'prod') throw new Error(`no environment ${env}; there are dev and prod`);
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

/** Writes one function's tag into the file, in the form of `terraform fmt`. */
export function writeFunctionTag(target: Root, name: string, tag: string): void {
  const tags = { ...target.functionTags, [name]: tag };
  const names = Object.keys(tags).toSorted();
  const width = Math.max(...names.map((one) => one.length)) + 2;
  const lines = names.map((one) => `    ${`"${one}"`.padEnd(width)} = "${tags[one] ?? ''}"`);
  const text = readFileSync(target.file, 'utf8').replace(
    /^(\s*function_tags\s*=\s*)\{[^}]*\}/m,
    (_all, head: string) => `${head}{\n${lines.join('\n')}\n  }`,
  );
  writeFileSync(target.file, text);
}
