// Which of a function's routes a path belongs to. Not the method, nor whether the route is offered (handler.ts).

import type { Route } from './exchange.ts';

/** Routes of one path, by method, and what stands in it for their names. */
export interface Matched {
  readonly routes: readonly Route[];
  readonly named: Readonly<Record<string, string>>;
}

const none: Matched = { routes: [], named: {} };

/** Exact paths come before those with names, and these in the order in which they are given. */
export function createRouting(routes: readonly Route[]): (path: string) => Matched {
  const byPath = Map.groupBy(routes, ({ path }) => path);
  const patterns = [...byPath]
    .filter(([path]) => path.includes('{'))
    .map(([path, of]) => [patternOf(path), of] as const);
  return (path) => {
    const exact = byPath.get(path) ?? byPath.get(`${path.slice(0, path.lastIndexOf('/') + 1)}*`);
    if (exact !== undefined) return { routes: exact, named: {} };
    for (const [pattern, of] of patterns) {
      const named = namesIn(pattern.exec(path));
      if (named !== null) return { routes: of, named };
    }
    return none;
  };
}

function patternOf(path: string): RegExp {
  const parts = path.split(/(\{\+?\w+\})/).map((part) => {
    if (!part.startsWith('{')) return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return part.startsWith('{+') ? `(?<${part.slice(2, -1)}>.+)` : `(?<${part.slice(1, -1)}>[^/]+)`;
  });
  return new RegExp(`^${parts.join('')}$`);
}

/** Null where the path is another, or can't be decoded: nobody has heard of it then. */
function namesIn(found: RegExpExecArray | null): Record<string, string> | null {
  if (found === null) return null;
  try {
    return Object.fromEntries(
      Object.entries(found.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
  } catch {
    return null;
  }
}
