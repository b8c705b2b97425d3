// How many tokens a request of Anthropic's Messages API would have, which the provider counts for nothing. It takes
// what says what is asked, and no more: nobody's name is added.

import type { ApiDialect } from '../api-dialect.ts';
import { anthropicMessages, readMessages } from './anthropic-messages.ts';

export const anthropicCountTokens: ApiDialect = {
  ...anthropicMessages,
  read: (body, rules) => readMessages(body, rules, false),
};
