// The words of a notice: what a name from a source can't do to the channel that reads it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noticeMessage, type Notice } from './notice.ts';

const notice: Notice = {
  id: 'w-90',
  source: 'dotcom-product-subscriptions',
  identifier: 'a-b',
  name: '<!channel>|\u001b[2J\u202Egood\nfake: all is well',
  feature: 'chat_completions',
  percent: 90,
  used: 9,
  limit: 10,
  reset_at_ms: 60_000,
};

test('a name is one piece of one line: no mention, no end of the link, no second line, no other direction', () => {
  const { text } = noticeMessage(notice, 'https://example.com', 0);
  assert.match(text, /^<https:\/\/example\.com\/a-b\|&lt;!channel&gt;¦good fake: all is well> \(dotcom-/);
  assert.doesNotMatch(text, /[\p{Cc}\u202e]/u);
  const user = noticeMessage({ ...notice, source: 'dotcom-user', identifier: '7` <!here>\n' }, '', 0).text;
  assert.match(user, /^`7ˋ &lt;!here&gt; ` \(dotcom-user\)/);
});
