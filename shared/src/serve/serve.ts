// Door of the serve room: makes a deployable function out of routes. The steps of a completion are completion.ts, what
// surrounds every request handler.ts.

import { http } from '@google-cloud/functions-framework';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { ConfigError, loadConfig } from '../config/config.ts';
import { tasksOverRest, type OpenTasks } from '../events/events.ts';
import { drainOnTerm, listenFirst } from '../http/http.ts';
import { crashLine, createTelemetry } from '../telemetry/telemetry.ts';
import type { OpenUpstream } from '../upstream/upstream.ts';
import { openContext, type Context } from './context.ts';
import { diagnosticRoutes } from './diagnostics.ts';
import type { Route } from './exchange.ts';
import { createHandler } from './handler.ts';

export { allowedFor } from './allowed-models.ts';
export { createAttemptLog, type AttemptLog } from './attempt-log.ts';
export type { AskBound } from './call-money.ts';
export { charged, notServed, type ChargedCall, type Ended, type Held } from './charged.ts';
export { embeddings, tokenCounts } from './charge.ts';
export { completionRoute, type Asked, type CompletionRoute } from './completion.ts';
export type { Context } from './context.ts';
export type { Exchange, Route } from './exchange.ts';
export { listFlaggedPrompts, readFlaggedPrompt, type FlaggedPrompt } from './flagged-prompts.ts';
export { isOpenAiSdk, sdkDialect } from './sdk-dialect.ts';
export { listGeminiModels, showGeminiModel } from './gemini-models.ts';
export { geminiVerbs, type GeminiVerb } from './gemini-verbs.ts';
export { callerOf, identify } from './identify.ts';
export { lookBeforeParsing } from './look.ts';
export {
  compareBudgets,
  missing,
  raiseDifference,
  reconcileWhenDue,
  type BudgetDifference,
} from './reconcile-budgets.ts';
export { readClaim } from './idempotency.ts';
export type { CallEvent } from './served-event.ts';
export { callSpan, type ChargedSpan } from './spans.ts';
export { codyRoutes, surfaces } from './surfaces.ts';
export { createSweep, type SweepReport } from './sweep.ts';
export { runSync } from './sync.ts';
export { demandSecret } from './diagnostics.ts';

/** What functions-framework calls for each request. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** What a function differs in. */
export interface FunctionOptions {
  /** How it reaches Cloud Tasks. */
  readonly tasks?: OpenTasks;
  /** How it reaches providers: createUpstream. Absent: it calls none, and no start of it reads how that is done. */
  readonly upstream?: OpenUpstream;
  /**
   * When its port opens: when the way to Redis is open, so that no caller meets an instance whose network is not there
   * yet; or at once, for a function that needs no Redis for its first answer, or whose caller is a queue, which comes
   * again.
   */
  readonly port?: 'with redis' | 'at once';
}

/**
 * Registers a function with functions-framework: reads the configuration, opens the rooms from bottom to top, answers
 * its routes and the diagnostics that every function has. What is heavy loads when it is needed. Bad configuration
 * ends the process with every fault listed.
 * @param name of the deployment, which is also the folder's.
 * @param routes made from the opened context, so that what has no key or no address is not routed.
 * @returns when the port may open: the framework listens when the entry has been loaded, so an entry awaits this at
 * its top level.
 */
export async function defineFunction(
  name: string,
  routes: (context: Context) => readonly Route[],
  { tasks = tasksOverRest, upstream, port = 'with redis' }: FunctionOptions = {},
): Promise<Handler> {
  const context = openRooms(name, tasks, upstream);
  // Before all that can be done while the network answers.
  const opened = context.opened();
  const { handle, idle } = createHandler(context, [...diagnosticRoutes(context), ...routes(context)]);
  const servers = new Set<Server>();
  context.telemetry.reportCrashes();
  listenFirst(handle, (server) => servers.add(server));
  drainOnTerm(() => servers, idle, context.close);
  // One name for all: Google's own tools refuse an entry point with a hyphen. Terraform (modules/function) and the
  // local cloud ask for it.
  http('gateway', handle);
  if (port === 'with redis') await opened;
  return handle;
}

/** What the environment says is wrong only shows when the catalogue is put together, too. */
function openRooms(name: string, tasks: OpenTasks, upstream: OpenUpstream | undefined): Context {
  try {
    return openContext(loadConfig(), tasks, upstream);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    createTelemetry({ googleCloudProject: null, functionName: name, version: '' }).log('ERROR', error.message, {
      faults: error.faults,
    });
    process.stdout.write(crashLine({ googleCloudProject: null, functionName: name, version: '' }, error, 'start'));
    process.exit(1);
  }
}
