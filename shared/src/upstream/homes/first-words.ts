// What the events of a stream say before the model says anything: a closed list for each dialect. While only these
// have come, the call can still go to another home.

import type { DialectName } from '../../catalogue/catalogue.ts';
import { jsonObject } from '../answer-json.ts';
import type { JsonObject } from '../call.ts';
import { isObject } from '../request-body.ts';

/** `prologue`: the answer has not begun. `failure`: the provider says that it failed. `word`: anything else. */
export type Said = 'prologue' | 'failure' | 'word';

/** @param data of an event; null: a comment, or a blank line */
export function saidBy(dialect: DialectName, data: string | null): Said {
  if (data === null) return 'prologue';
  const event = jsonObject(data);
  if (event === null) return 'word';
  if (isFailure(event)) return 'failure';
  return isPrologue(dialect, event) ? 'prologue' : 'word';
}

/**
 * An error told in an answer of 200, whole or as an event: each API writes it into a member `error`, or says so in
 * `type`.
 */
export function isFailure(answer: JsonObject): boolean {
  return (
    isObject(answer['error']) ||
    answer['type'] === 'error' ||
    answer['type'] === 'response.failed' ||
    answer['object'] === 'error'
  );
}

function isPrologue(dialect: DialectName, event: JsonObject): boolean {
  switch (dialect) {
    case 'anthropic-messages':
      return event['type'] === 'message_start' || event['type'] === 'ping';
    case 'anthropic-text':
      return event['type'] === 'ping';
    case 'openai-responses':
      return (
        event['type'] === 'response.created' ||
        event['type'] === 'response.queued' ||
        event['type'] === 'response.in_progress'
      );
    case 'openai-chat':
      return Array.isArray(event['choices']) && !isObject(event['usage']) && event['choices'].every(isRoleAlone);
    default:
      // Their first event is a part of the answer.
      return false;
  }
}

/** A choice without a word in it. A chunk that has no choices at all tells of filters. */
function isRoleAlone(choice: unknown): boolean {
  if (!isObject(choice) || (choice['finish_reason'] ?? null) !== null || !isObject(choice['delta'])) return false;
  return Object.entries(choice['delta']).every(([name, value]) => name === 'role' || value === null || value === '');
}
