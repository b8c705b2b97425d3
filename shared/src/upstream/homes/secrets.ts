// The keys of homes: values by the names of their secrets, out of the environment or of the files that it names. A
// file is read again when a provider refuses what was in it. Not where a key may be sent (catalogue).

import { readFile } from 'node:fs/promises';

/** Values by name. */
export interface Secrets {
  /** Null: it is not there. A promise where a file has to be read first. */
  value(name: string): string | null | Promise<string | null>;
  /** Reads it again, where it is in a file. @returns whether it is another one now */
  refresh(name: string): Promise<boolean>;
}

/** A mounted secret is fetched when it is read; a file that many calls find refused is read once. */
interface File {
  reading: Promise<string | null>;
  /** As it was read last; undefined while it never was. */
  value: string | null | undefined;
  refreshing: Promise<boolean> | null;
}

/**
 * @param valueOf the environment: a value that is an absolute path names a file
 * @param warn is told of a file that can't be read, without its contents
 */
export function createSecrets(
  valueOf: (name: string) => string | null,
  warn: (message: string, error: unknown) => void,
): Secrets {
  const files = new Map<string, File>();
  const read = async (name: string, path: string): Promise<string | null> => {
    try {
      const text = (await readFile(path, 'utf8')).trim();
      return text === '' ? null : text;
    } catch (error) {
      const { code } = error as { code?: string };
      warn(`secret ${name} can't be read from its file (${code ?? 'unknown'}): is it mounted?`, null);
      return null;
    }
  };
  const open = (name: string, path: string): File => {
    const file: File = { reading: read(name, path), value: undefined, refreshing: null };
    files.set(name, file);
    void file.reading.then((value) => {
      file.value = value;
      // What is not there yet may be there for the next call.
      if (value === null) files.delete(name);
    });
    return file;
  };
  return {
    value: (name) => {
      const value = valueOf(name);
      if (value === null || !isPath(value)) return value;
      const file = files.get(name) ?? open(name, value);
      return file.value === undefined ? file.reading : file.value;
    },
    refresh: async (name) => {
      const path = valueOf(name);
      if (path === null || !isPath(path)) return false;
      const file = files.get(name);
      if (file === undefined) return (await open(name, path).reading) !== null;
      file.refreshing ??= read(name, path)
        .then((value) => {
          if (value === null || value === file.value) return false;
          file.value = value;
          return true;
        })
        .finally(() => (file.refreshing = null));
      return file.refreshing;
    },
  };
}

/** No provider's key begins with a slash. */
const isPath = (value: string): boolean => value.startsWith('/');
