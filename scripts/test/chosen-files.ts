// Which test files `npm test -- …` means: files and folders as they were typed, against the folder that they were
// typed in.

import { globSync, statSync } from 'node:fs';
import path from 'node:path';
import { nearestNames } from '@cody-gateway/shared/catalogue';

const root = path.resolve(import.meta.dirname, '../..');

/** Every test of the tree, relative to it. */
export function allTestFiles(): string[] {
  return testsUnder(['shared/src', 'functions', 'scripts']);
}

/**
 * @param typed files, or folders whose tests are meant, relative to the folder of the caller or to the repository
 * @returns files relative to the repository. @throws Error that names each path which is no test, and why
 */
export function chosenTestFiles(typed: readonly string[], from = process.env['INIT_CWD'] ?? root): string[] {
  const faults: string[] = [];
  const files = typed.flatMap((name) => {
    const places = [path.resolve(from, name), path.resolve(root, name)];
    const place = places.find((place) => statSync(place, { throwIfNoEntry: false }) !== undefined);
    const file = path.relative(root, place ?? '/');
    if (place === undefined) faults.push(`no such file or folder: ${name}${nearest(name)}`);
    else if (file.startsWith('..')) faults.push(`not in this repository: ${name}`);
    else if (statSync(place).isDirectory()) {
      const found = testsUnder([file]);
      if (found.length === 0) faults.push(`no test (*.test.ts) in the folder ${name}`);
      return found;
    } else if (!file.endsWith('.test.ts')) faults.push(`no test: ${name}${nearest(name)}`);
    else return [file];
    return [];
  });
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return [...new Set(files)].toSorted();
}

function testsUnder(folders: readonly string[]): string[] {
  const found = globSync(
    folders.map((folder) => `${folder === '' ? '.' : folder}/**/*.test.ts`),
    { cwd: root, exclude: (name) => ['node_modules', '.build', '.local'].includes(path.basename(name)) },
  );
  return found.map((file) => path.normalize(file)).toSorted();
}

/** The tests that may have been meant: of that name, of nearly that name, or of the file that was typed. */
function nearest(name: string): string {
  const all = allTestFiles();
  const base = path.basename(name);
  const stem = base.split('.')[0] ?? '';
  const folders = [...new Set(all.map((file) => path.dirname(file)))];
  const known = base.includes('.') ? all : [...folders, ...all];
  const like = [
    ...all.filter((file) => path.basename(file) === base || path.basename(file) === `${stem}.test.ts`),
    ...known.filter((one) => nearestNames(stem, [path.basename(one).split('.')[0] ?? '']).length > 0),
    ...(stem === '' ? [] : all.filter((file) => path.basename(file).startsWith(stem))),
  ];
  return like.length === 0 ? '' : `\n  did you mean ${[...new Set(like)].slice(0, 3).join('\n            or ')}?`;
}
