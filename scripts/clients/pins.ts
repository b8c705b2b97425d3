// The clients of the matrix and their pinned versions, as clients.json lists them. Not what they met: that is
// results.json.

import { readFileSync } from 'node:fs';
import path from 'node:path';

/** How a command-line agent is called: `{prompt}`, `{url}`, `{token}`, `{dir}` stand for what only a run knows. */
export interface AgentCall {
  /** The first word is a program that the packages bring. */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Written into its home before the run: path -> text. */
  readonly files?: Readonly<Record<string, string>>;
  /** It edits by its answer's text instead of a tool. */
  readonly edits?: boolean;
  /** It only answers: no file is asked for. */
  readonly answers?: boolean;
}

/**
 * A client: its packages (the first one gives the row its version) and what drives it, a driver's file or the call of
 * an agent.
 */
export interface Client {
  readonly id: string;
  readonly from: 'npm' | 'pypi';
  /** Package -> exact version. */
  readonly packages: Readonly<Record<string, string>>;
  /** Its program is put in place by an install script of the package. */
  readonly installScripts?: boolean;
  readonly driver?: string;
  /** Mode -> call. */
  readonly agent?: Readonly<Record<string, AgentCall>>;
}

/** All of them, in the order of the table. */
export function readClients(): Client[] {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, 'clients.json'), 'utf8')) as Client[];
}

/** What an install is known by: `openai 7.59.0, zod 4.1.13`. */
export function pinOf({ packages }: Pick<Client, 'packages'>): string {
  return Object.entries(packages)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}
