// A request under way, and the route that handles it: the nouns of this room. Not what is done with them (handler.ts).

import type { Dialect, Received } from '../http/http.ts';
import type { TimeBudget } from '../store/store.ts';
import type { Scope } from '../telemetry/telemetry.ts';
import type { Context } from './context.ts';
import type { Timing } from './timing.ts';

/** A path of a function. */
export interface Route {
  readonly method: string;
  /**
   * Exact path, `…/*` for every path with one more part, or one with names in it: `{id}` stands for a part, `{+id}`
   * for as many as there are.
   */
  readonly path: string;
  /** Whose error shape its callers read; where it depends on the request, a function of its headers. */
  readonly dialect: Dialect | ((headers: Received['headers']) => Dialect);
  /**
   * Whether the path is offered at present; absent: always. A request for one that is not is answered as an unknown
   * path is.
   */
  readonly offered?: (context: Context) => boolean;
  handle(exchange: Exchange): Promise<void>;
}

/** A request under way. */
export interface Exchange {
  readonly context: Context;
  readonly received: Received;
  readonly scope: Scope;
  readonly timing: Timing;
  readonly dialect: Dialect;
  /** What stands in the path for the names of its route, decoded. */
  readonly named: Readonly<Record<string, string>>;
  /** Redis waits of this request before its first byte. */
  readonly budget: TimeBudget;
  /** Sends a JSON document. */
  json(status: number, value: unknown, headers?: Readonly<Record<string, string>>): void;
}
