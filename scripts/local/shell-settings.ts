// What the shell of `npm start` says about the local cloud: keys of real providers, and the gateway's own variables.

import { catalogueLayer, catalogueText, defaultsLayer } from '@cody-gateway/shared/catalogue';
import { variables } from '@cody-gateway/shared/config';
import { providerKinds, type ProviderKind } from './cloud.ts';

/** What the environment asks for. */
export interface ShellSettings {
  readonly port: number;
  /** Keys of real providers. */
  readonly keys: Readonly<Partial<Record<ProviderKind, string>>>;
  /** The variable that each key, or another address of a provider, comes from. */
  readonly keyNames: Readonly<Partial<Record<ProviderKind, string>>>;
  /** Variables with keys of other providers, which are always the real ones: those that the catalogue's homes name. */
  readonly otherKeys: readonly { readonly variable: string; readonly provider: string }[];
  /** The gateway's own variables and those keys, for every function; an empty one is as good as none. */
  readonly env: Readonly<Record<string, string>>;
}

const defaultPort = 9992;

/** @throws Error in words when PORT is none, or CODY_GATEWAY_CATALOGUE can't be read */
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
  const otherKeys = otherKeysIn(shell);
  const passed = new Set(otherKeys.map(({ variable }) => variable));
  const env = Object.fromEntries(
    Object.entries(shell).flatMap(([name, value]) =>
      (name.startsWith('CODY_GATEWAY_') || passed.has(name)) && value !== undefined && value !== ''
        ? [[name, value] as const]
        : [],
    ),
  );
  return { port, keys, keyNames, otherKeys, env };
}

/**
 * What the shell has of the keys that homes name, of a release and of the user's own rows; the gateway's own variables
 * are not among them.
 */
function otherKeysIn(shell: Readonly<Record<string, string | undefined>>): ShellSettings['otherKeys'] {
  const setting = shell['CODY_GATEWAY_CATALOGUE'] ?? '';
  const own = setting === '' ? [] : [catalogueLayer(catalogueText(setting), new Date().toISOString().slice(0, 10))];
  const homes = [defaultsLayer(), ...own].flatMap(({ rows }) => rows.homes ?? []);
  const providers = new Map(
    homes.flatMap(({ id, provider }) => (typeof provider === 'string' ? [[id, provider] as const] : [])),
  );
  const known = new Set<unknown>(Object.values(variables).map(({ name }) => name));
  const found = homes.flatMap(({ id, secrets }) =>
    (Array.isArray(secrets) ? (secrets as string[]) : [])
      .filter((variable) => !known.has(variable) && (shell[variable] ?? '') !== '')
      .map((variable) => [variable, { variable, provider: providers.get(id) ?? '' }] as const),
  );
  return [...new Map(found).values()];
}

/** What will cost money, one line a provider; before anything is started. */
export function warningsOf({ keys, keyNames, otherKeys }: ShellSettings): string[] {
  const warning = (variable: string, provider: string): string =>
    `${variable} is set in this shell:\n         calls to ${provider} go to the real one and cost money`;
  return [
    ...providerKinds.flatMap((kind) => (keys[kind] === undefined ? [] : [warning(keyNames[kind] ?? '', kind)])),
    ...otherKeys.map(({ variable, provider }) => warning(variable, provider)),
  ];
}
