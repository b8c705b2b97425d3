// Door of the serve room: makes a deployable function out of routes. The river itself is completion.ts, the rest of a request handler.ts.

import { http } from '@google-cloud/functions-framework';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { ConfigError, loadConfig, type Config } from '../config/config.ts';
import { tasksOverRest, type OpenTasks } from '../events/events.ts';
import { drainOnTerm, listenFirst } from '../http/http.ts';
import { crashLine, createTelemetry } from '../telemetry/telemetry.ts';
import { openContext, type Context } from './context.ts';
import { diagnosticRoutes } from './diagnostics.ts';
import type { Route } from './exchange.ts';
import { createHandler } from './handler.ts';

export { allowedFor } from './allowed-models.ts';
export { charged, notServed, type ChargedCall, type Ended } from './charged.ts';
export { codyRoutes } from './cody-routes.ts';
export { completionRoute, type CompletionRoute } from './completion.ts';
export type { Context } from './context.ts';
export type { Exchange, Route } from './exchange.ts';
export { listFlaggedPrompts, readFlaggedPrompt, type FlaggedPrompt } from './flagged-prompts.ts';
export { callerOf, identify } from './identify.ts';
export { readClaim } from './idempotency.ts';
export type { CallEvent } from './served-event.ts';
export { callSpan, type ChargedSpan } from './spans.ts';
export { createSweep, type SweepReport } from './sweep.ts';
export { runSync } from './sync.ts';
export { demandSecret } from './diagnostics.ts';

/** What functions-framework calls for each request. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Registers a function with functions-framework: reads the configuration, opens the rooms from bottom to top, answers its routes and the
 * diagnostics that every function has. No network before the port is open; right after, Redis is connected. What is heavy loads when it is needed.
 * Bad configuration ends the process with every fault listed.
 * @param name of the deployment, which is also the folder's.
 * @param routes made from the opened context, so that what has no key or no address is not routed.
 * @param tasks how it reaches Cloud Tasks.
 */
export function defineFunction(
  name: string,
  routes: (context: Context) => readonly Route[],
  { tasks = tasksOverRest }: { readonly tasks?: OpenTasks } = {},
): Handler {
  const context = openContext(readConfig(name), tasks);
  const { handle, idle } = createHandler(context, [...diagnosticRoutes(context), ...routes(context)]);
  const servers = new Set<Server>();
  context.telemetry.reportCrashes();
  // The framework listens in the ticks after this module is loaded; what follows must not stand in front of it.
  setImmediate(() => context.connect());
  listenFirst(handle, (server) => servers.add(server));
  drainOnTerm(() => servers, idle, context.close);
  // One name for all: Google's own tools refuse an entry point with a hyphen. Terraform (modules/function) and the local cloud ask for it.
  http('gateway', handle);
  return handle;
}

function readConfig(name: string): Config {
  try {
    return loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    createTelemetry({ googleCloudProject: null, functionName: name, version: '' }).log('ERROR', error.message, {
      faults: error.faults,
    });
    process.stdout.write(crashLine({ googleCloudProject: null, functionName: name, version: '' }, error, 'start'));
    process.exit(1);
  }
}
