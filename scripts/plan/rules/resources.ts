// What Terraform would make, as data: every managed resource of a root with its arguments, as
// `terraform test -json -verbose` tells it.

/** A resource. Values that only Google knows (ids, addresses, e-mails) are invented, one for each. */
export interface Resource {
  /** Without the root's `module.gateway.`. */
  readonly address: string;
  readonly type: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Addresses, without keys, of what it waits for. */
  readonly dependsOn: readonly string[];
}

/** Something that Terraform itself refused. */
export interface Refused {
  readonly summary: string;
  readonly detail: string;
}

interface Module {
  readonly resources?: readonly {
    readonly address: string;
    readonly mode: string;
    readonly type: string;
    readonly values: Record<string, unknown>;
    readonly depends_on?: readonly string[];
  }[];
  readonly child_modules?: readonly Module[];
}
interface Line {
  readonly type?: string;
  readonly diagnostic?: { readonly severity: string; readonly summary: string; readonly detail?: string };
  readonly test_state?: { readonly root_module?: Module };
}

/** Reads the lines that Terraform wrote. @throws Error where they have neither resources nor a refusal */
export function readOutput(text: string): { readonly resources: Resource[]; readonly refused: Refused[] } {
  const lines = text.split('\n').flatMap((line): Line[] => {
    try {
      return [JSON.parse(line) as Line];
    } catch {
      return [];
    }
  });
  const refused = lines.flatMap(({ diagnostic }) =>
    diagnostic?.severity === 'error' ? [{ summary: diagnostic.summary, detail: diagnostic.detail ?? '' }] : [],
  );
  const resources = lines.flatMap(({ test_state: state }) => walk(state?.root_module ?? {}));
  if (resources.length === 0 && refused.length === 0)
    throw new Error(`Terraform planned nothing:\n${text.slice(-2000)}`);
  return { resources, refused };
}

function walk({ resources = [], child_modules: children = [] }: Module): Resource[] {
  const short = (address: string): string => address.replace('module.gateway.', '');
  const own = resources
    .filter(({ mode }) => mode === 'managed')
    .map(({ address, type, values, depends_on: dependsOn = [] }) => ({
      address: short(address),
      type,
      values,
      dependsOn: dependsOn.map(short),
    }));
  return [...own, ...children.flatMap(walk)];
}

/** A value by its path, `a.0.b`; undefined where there is none. */
export function at({ values }: Pick<Resource, 'values'>, dotted: string): unknown {
  let value: unknown = values;
  for (const step of dotted.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

/** The same as text; '' where there is none. */
export function textAt(resource: Pick<Resource, 'values'>, dotted: string): string {
  const value = at(resource, dotted);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
