// What the shell of `npm start` says about the local cloud: keys of real providers, and the gateway's own variables.

import { providerKinds, type ProviderKind } from './cloud.ts';

/** What the environment asks for. */
export interface ShellSettings {
  readonly port: number;
  /** Keys of real providers. */
  readonly keys: Readonly<Partial<Record<ProviderKind, string>>>;
  /** The variable that each key, or another address of a provider, comes from. */
  readonly keyNames: Readonly<Partial<Record<ProviderKind, string>>>;
  /** The gateway's own variables, for every function; an empty one is as good as none. */
  readonly env: Readonly<Record<string, string>>;
}

const defaultPort = 9992;

/** @throws Error in words when PORT is none */
export function readShell(shell: Readonly<Record<string, string | undefined>>): ShellSettings {
  const port = Number(shell['PORT'] ?? defaultPort);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`PORT=${shell['PORT'] ?? ''} is not a port: give a number from 1 to 65535`);
  const keys: Partial<Record<ProviderKind, string>> = {};
  const keyNames: Partial<Record<ProviderKind, string>> = {};
  for (const kind of providerKinds) {
    const name = kind.toUpperCase();
    const set = [`CODY_GATEWAY_${name}_ACCESS_TOKEN`, `${name}_API_KEY`].find(
      (variable) => (shell[variable] ?? '') !== '',
    );
    if (set !== undefined) keys[kind] = shell[set] ?? '';
    const real = set ?? [`CODY_GATEWAY_${name}_BASE_URL`].find((variable) => (shell[variable] ?? '') !== '');
    if (real !== undefined) keyNames[kind] = real;
  }
  const env = Object.fromEntries(
    Object.entries(shell).flatMap(([name, value]) =>
      name.startsWith('CODY_GATEWAY_') && value !== undefined && value !== '' ? [[name, value] as const] : [],
    ),
  );
  return { port, keys, keyNames, env };
}

/** What will cost money, one line a provider; before anything is started. */
export function warningsOf({ keys, keyNames }: ShellSettings): string[] {
  return providerKinds.flatMap((kind) =>
    keys[kind] === undefined
      ? []
      : [`${keyNames[kind] ?? ''} is set in this shell: calls to ${kind} go to the real one and cost money`],
  );
}
