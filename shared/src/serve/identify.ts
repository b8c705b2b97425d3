// The step that finds out who is calling. Not how (auth).

import { AccessRefusal, callerAddress, callerToken, keyInUrl, type Actor, type Caller } from '../auth/auth.ts';
import { spanNames } from '../telemetry/telemetry.ts';
import type { Exchange } from './exchange.ts';
import { recordEvent } from './record-event.ts';
import { accessEvent } from './refused-event.ts';
import { actorAttributes, eventAttributes } from './spans.ts';

/**
 * Who is calling: the token, looked up. A refusal that is an event of its own is recorded before it is answered.
 * @param evenDisabled for what is open to subscriptions whose access is off.
 * @throws Refusal
 */
export async function identify(
  { context, received, scope, dialect, budget }: Exchange,
  evenDisabled = false,
): Promise<Actor> {
  try {
    const find = async (): Promise<Actor> =>
      context.auth.identify(callerOf({ context, received, dialect }), budget, evenDisabled);
    const actor = await scope.span(spanNames.identify, find, actorAttributes);
    scope.annotate({ actor: actor.id, source: actor.source });
    return actor;
  } catch (error) {
    if (error instanceof AccessRefusal && error.event !== null) {
      const { identity, name, unknownCaller } = error.event;
      const event = accessEvent({ context, scope }, error.event);
      if (!unknownCaller) await recordEvent({ context, scope, budget }, identity, name, event);
      else if (await context.unknownCallers.recordEvent(identity, event))
        scope.mark(spanNames.event, () => eventAttributes(event, JSON.stringify(event)));
    }
    throw error;
  }
}

/** What a request says about its sender. @throws Refusal malformed-authorization */
export function callerOf({ context, received, dialect }: Pick<Exchange, 'context' | 'received' | 'dialect'>): Caller {
  const { headers, request, query } = received;
  const inUrl = dialect === 'google' ? keyInUrl(query, context.config.googleKeyInUrl) : '';
  return {
    token: callerToken(headers, dialect) || inUrl,
    address: callerAddress(headers, request.socket.remoteAddress, context.config),
  };
}
