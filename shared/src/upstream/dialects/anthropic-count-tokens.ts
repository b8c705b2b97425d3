// Anthropic's endpoint that counts the tokens of a Messages request, free of charge. Only members that make up the
// prompt are sent, and no user is named.

import type { ApiDialect } from '../api-dialect.ts';
import { anthropicMessages, readMessages } from './anthropic-messages.ts';

export const anthropicCountTokens: ApiDialect = {
  ...anthropicMessages,
  read: (body, rules) => readMessages(body, rules, false),
};
