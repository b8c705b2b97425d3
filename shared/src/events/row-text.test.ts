// A row that is made out of its event's text is the row that is made out of the event, to the byte.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventRow, eventRowText } from './events.ts';
import { unservedEvent, type Counted, type EndedEvent } from './usage-event.ts';

const { quota_window, quota_units, count, ...event } = unservedEvent({
  name: 'CompletionsFinished',
  source: 'dotcom-user',
  identifier: 'a "quoted" id',
  created_at: '2026-11-28T00:00:00.000Z',
  metadata: { a: 1, list: ['}', '"'] },
  event_id: 'e',
  function: 'f',
  region: 'r',
  feature: 'chat_completions',
  model: 'p/m',
  provider: 'p',
  tags: ['one'],
  call_tags: null,
});

test('the text of a row, whatever was counted', () => {
  assert.deepEqual([quota_window, quota_units, count], [null, 0, 1]);
  const ended: EndedEvent = event;
  const counted: readonly Counted[] = [
    { window: null, kept: 0 },
    { window: '20000:"1"', kept: 7, count: 3 },
    { window: 'w', kept: 1, noticed: 0 },
    { window: 'w', kept: 1, noticed: 90 },
  ];
  for (const one of counted)
    assert.equal(eventRowText(ended, JSON.stringify(ended), one), JSON.stringify(eventRow(ended, one)));
});
