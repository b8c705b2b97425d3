// Which test files `npm test -- …` means: files and folders as they were typed, against the folder that they were
// typed in.

import { globSync, statSync } from 'node:fs';
import path from 'node:path';

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

/** The tests whose names begin alike: the file that it belongs to was typed, or half of its name. */
function nearest(name: string): string {
  const stem = path.basename(name).split('.')[0] ?? '';
  const like = stem === '' ? [] : allTestFiles().filter((file) => path.basename(file).startsWith(stem));
  return like.length === 0 ? '' : `; did you mean ${like.slice(0, 3).join(', ')}?`;
}
