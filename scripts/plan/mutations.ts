// `npm run mutations`: dangerous edits of Terraform's files, each on a copy, and whether the rules of this folder
// catch it. Edits that can't hide one another are planned together, the others in groups of their own. `--one-plan`
// takes the first group, most of them, for the gate.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { endWith } from '../terminal/usage-error.ts';
import { readFunctionFiles } from '../functions/function-files.ts';
import mutations from './mutations.json' with { type: 'json' };
import type { Fault } from './rules/rule.ts';
import { faultsIn, faultsInText } from './rules.ts';
import { copyTree, missing, planRoot, providers } from './terraform.ts';

const usage = `usage: npm run mutations [-- --one-plan]

Dangerous edits of Terraform's files (scripts/plan/mutations.json), each on a
copy: names those that no rule of scripts/plan catches, and ends with 1 where
there are some. Needs terraform.

  --one-plan   those that can be planned together: most of them, in seconds
`;

const root = path.resolve(import.meta.dirname, '../..');

/** An edit, and what must be said of it. */
export interface Mutation {
  readonly name: string;
  /** The rule that finds it; `terraform` where Terraform itself refuses. */
  readonly rule: string;
  /** Of the address that the fault is told of. */
  readonly at: string;
  /** Of the fault's words. */
  readonly says: string;
  /** It turns something on or off that others presuppose: it is planned by itself. */
  readonly alone?: boolean;
  readonly edits: readonly { readonly file: string; readonly search: string; readonly replace: string }[];
}

/**
 * Puts them together as far as none can hide another: a rule tells one fault of a resource, and what Terraform refuses
 * is planned alone.
 * @param read a file's text: what an edit replaces must stand there once, after the others' edits too
 */
export function grouped(all: readonly Mutation[], read: (file: string) => string): Mutation[][] {
  const groups: Mutation[][] = [];
  for (const one of all) {
    const home = isAlone(one) ? undefined : groups.find((group) => fits(group, one, read));
    if (home === undefined) groups.push([one]);
    else home.push(one);
  }
  return groups;
}

const isAlone = ({ rule, alone = false }: Mutation): boolean => rule === 'terraform' || alone;

function fits(group: readonly Mutation[], one: Mutation, read: (file: string) => string): boolean {
  const near = ({ rule, at }: Mutation): boolean => rule === one.rule && (at.includes(one.at) || one.at.includes(at));
  if (group.some((other) => isAlone(other) || near(other) || overlap(other, one))) return false;
  return one.edits.every(({ file }) => {
    try {
      return edited([...group, one], file, read(file)) !== '';
    } catch {
      return false;
    }
  });
}

/** Two edits of one place: the second would undo the first, or not find what it replaces. */
function overlap(a: Mutation, b: Mutation): boolean {
  return a.edits.some((one) =>
    b.edits.some(
      (other) => one.file === other.file && (one.search.includes(other.search) || other.search.includes(one.search)),
    ),
  );
}

/** The file's text with the edits in it. @throws Error when what an edit replaces does not stand there exactly once */
export function edited(group: readonly Mutation[], file: string, text: string): string {
  let changed = text;
  for (const { name, edits } of group)
    for (const { search, replace } of edits.filter((edit) => edit.file === file)) {
      if (changed.split(search).length !== 2)
        throw new Error(`${name}: ${file} does not have ${JSON.stringify(search)} exactly once: mend mutations.json`);
      changed = changed.replace(search, () => replace);
    }
  return changed;
}

/** Those of a group that nothing was said of. */
export function uncaught(
  group: readonly Mutation[],
  faults: readonly Fault[],
  refused: readonly { readonly summary: string; readonly detail: string }[],
): Mutation[] {
  return group.filter(({ rule, at, says }) =>
    rule === 'terraform'
      ? !refused.some(({ summary, detail }) => `${summary} ${detail.replace(/\s+/g, ' ')}`.includes(says))
      : !faults.some((fault) => fault.rule === rule && fault.address.includes(at) && fault.text.includes(says)),
  );
}

async function main(onePlan: boolean): Promise<string[]> {
  const groups = grouped(mutations, (file) => readFileSync(path.join(root, file), 'utf8'));
  if (onePlan) groups.splice(1);
  const dir = mkdtempSync(path.join(tmpdir(), 'mutations-'));
  const left: string[] = [];
  try {
    const [mirror, files] = [providers(dir), await readFunctionFiles()];
    for (const [n, group] of groups.entries()) {
      const tree = path.join(dir, `group-${n}`);
      mkdirSync(tree);
      copyTree(tree, (file, text) => edited(group, file, text));
      const { resources, refused } = await planRoot(tree, 'prod', mirror);
      const planned = refused.length === 0 ? faultsIn({ env: 'prod', resources, files }) : [];
      const missed = uncaught(group, [...planned, ...faultsInText(path.join(tree, 'terraform'))], refused);
      if (refused.length > 0 && group.every(({ rule }) => rule !== 'terraform'))
        left.push(`Terraform refused a group that it should plan: ${refused.map(({ summary }) => summary).join('; ')}`);
      left.push(...missed.map(({ name, rule }) => `not caught by ${rule}: ${name}`));
      for (const { name } of missed) console.log(`  not caught: ${name}`);
      console.log(`group ${n + 1} of ${groups.length}: ${group.length - missed.length} of ${group.length} caught`);
      rmSync(tree, { recursive: true });
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
  console.log(
    `${groups.flat().length} of ${mutations.length} mutations in ${groups.length} groups, ${left.length} faults`,
  );
  return left;
}

if (import.meta.main)
  try {
    const { values } = parseArgs({ options: { 'one-plan': { type: 'boolean' }, help: { type: 'boolean' } } });
    if (values.help === true) process.stdout.write(usage);
    else {
      const why = missing();
      const left = why === null ? await main(values['one-plan'] === true) : [why];
      for (const line of left) console.error(line);
      process.exitCode = left.length === 0 ? 0 : 1;
    }
  } catch (error) {
    endWith(error, 'npm run mutations --');
  }
