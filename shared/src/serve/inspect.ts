// The step that looks at what is asked: flags it, records it where an operator has switched that on, refuses it. Not
// the rules (upstream/flagging.ts).

import type { Permit } from '../auth/auth.ts';
import { Refusal } from '../http/http.ts';
import { identityOf } from '../limiter/limiter.ts';
import type { Call, Flagging } from '../upstream/upstream.ts';
import type { CallerIds } from './caller-ids.ts';
import type { Exchange } from './exchange.ts';
import { isFreeUser, recordFlaggedPrompt } from './flagged-prompts.ts';
import { recordEvent } from './record-event.ts';
import { blockedEvent } from './refused-event.ts';

/**
 * @param body that `upstream.read` accepted
 * @returns what speaks against the request, or null
 * @throws Refusal `prompt-blocked`, with its `RequestBlocked` event written
 */
export async function inspect(
  exchange: Exchange,
  permit: Permit,
  call: Call,
  body: unknown,
  callerIds: CallerIds,
): Promise<Flagging | null> {
  const { context, scope } = exchange;
  const { prompt, flagging } = await context.upstream.inspect(call, body, isFreeUser(permit.actor));
  if (flagging === null) return null;
  scope.annotate({ feature: permit.feature, model: permit.model, flagged: flagging.reasons });
  await recordFlaggedPrompt(exchange, permit, prompt.text());
  if (!flagging.shouldBlock) return flagging;
  await recordEvent(
    exchange,
    identityOf(permit.actor),
    `RequestBlocked:${permit.feature}`,
    blockedEvent(exchange, permit, call.provider.id, flagging, callerIds),
  );
  throw new Refusal('prompt-blocked', blockedText(context.config, scope.traceId));
}

/** Cody clients recognise this text by its words. */
function blockedText(
  { acceptableUsePolicyUrl, supportAddress }: Exchange['context']['config'],
  traceId: string,
): string {
  return (
    `We blocked your request because we detected your prompt to be against our Acceptable Use Policy (${acceptableUsePolicyUrl}). ` +
    'Try again by removing any phrases that may violate our AUP. ' +
    `If you think this is a mistake, please contact ${supportAddress} and reference this ID: ${traceId}`
  );
}
