// Leaves out of ioredis, which every start reads, what a start of ours never runs: the cluster client (it loads by
// itself where it is used: store/cluster.ts), Sentinel, debug lines (they would print keys and values), TLS profiles of
// a seller of Redis, the sets of fields of HIMPORT, and of the table of commands what only people read.

import { transform, type Loader, type OnLoadResult, type Plugin } from 'esbuild';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** What stands in place of a module that a file of ioredis requires: file, module, replacement. */
const replaced: readonly (readonly [file: string, module: string, replacement: string])[] = [
  ['index.js', './cluster', '{}'],
  ['index.js', './connectors/SentinelConnector', '{}'],
  ['Redis.js', './cluster', '{}'],
  ['Redis.js', './connectors/SentinelConnector', '{}'],
  ['connectors/index.js', './SentinelConnector', '{}'],
  ['utils/debug.js', 'debug', '{default:()=>({enabled:false})}'],
  ['utils/index.js', '../constants/TLSProfiles', '{default:{}}'],
];
/** Keeps HIMPORT's fields for who names some to the client; whatever is asked of it all the same answers "none". */
const himport = 'himport/HimportCoordinator.js';
export const withoutHimport = `exports.hasHimportCoordinator = Symbol('himport');
exports.cloneHimportFieldsets = () => undefined;
exports.getHimportBinding = () => undefined;
exports.isInternalHimportCommand = exports.isHimportControlCommand = exports.interceptHimportPipeline = () => false;
`;
/** Half of this file is names of private methods, so it is minified. */
const decoder = 'resp/decoder.js';
/** All that ioredis asks a command's flags for. */
const flags: ReadonlySet<string> = new Set(['loading', 'readonly']);

/** One command of @ioredis/commands. */
interface Command {
  readonly flags: readonly string[];
  readonly keyStart: number;
  readonly keyStop: number;
  readonly step: number;
  readonly subcommands?: Commands;
}

/** By name. */
export type Commands = Readonly<Record<string, Command>>;

/** The plugin. A version of ioredis that is made otherwise stops the build. */
export const ioredis: Plugin = {
  name: 'ioredis',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]node_modules[\\/]ioredis[\\/]built[\\/].*\.js$/ }, async ({ path: file }) => {
      const name = file.split(/[\\/]ioredis[\\/]built[\\/]/)[1]?.replaceAll(path.sep, '/') ?? '';
      if (name === himport) return loaded(file, withoutHimport, 'js');
      const own = replaced.filter(([of]) => of === name);
      if (own.length === 0 && name !== decoder) return null;
      const source = await readFile(file, 'utf8');
      const missing = own.find(([, module]) => !source.includes(`require("${module}")`));
      if (missing !== undefined) return fault(`${file} does not require ${missing[1]} as the build expects`);
      const text = own.reduce((rest, [, module, by]) => rest.replaceAll(`require("${module}")`, `(${by})`), source);
      if (name !== decoder) return loaded(file, text, 'js');
      const { code } = await transform(text, { format: 'cjs', minifyIdentifiers: true });
      return loaded(file, code, 'js');
    });
    onLoad({ filter: /[\\/]@ioredis[\\/]commands[\\/]built[\\/]commands\.json$/ }, async ({ path: file }) => {
      const commands = JSON.parse(await readFile(file, 'utf8')) as Record<string, Command>;
      return loaded(file, JSON.stringify(slimmed(commands)), 'json');
    });
  },
};

/** Where the keys of each command stand, and the flags that are asked for. */
export function slimmed(commands: Commands): Record<string, Command> {
  return Object.fromEntries(
    Object.entries(commands).map(([name, { flags: all, keyStart, keyStop, step, subcommands }]) => [
      name,
      {
        flags: all.filter((flag) => flags.has(flag)),
        keyStart,
        keyStop,
        step,
        ...(subcommands !== undefined && { subcommands: slimmed(subcommands) }),
      },
    ]),
  );
}

const loaded = (file: string, contents: string, loader: Loader): OnLoadResult => ({
  contents,
  loader,
  resolveDir: path.dirname(file),
});

const fault = (text: string): OnLoadResult => ({ errors: [{ text }] });
