// What is left of texts that others wrote, wherever people read them: on one line, and nothing that a terminal would
// obey.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneLine } from './one-line.ts';
import { createTelemetry } from './telemetry.ts';

const name =
  'Acme\u001b[2J\u001b[31m\u001b]0;pwned\u0007 \u202Eevil\u2066\n98765432  fake line\r\u2028on\u0000\u009b1m';

test('sequences go whole, breaks become blanks, marks of direction go; everything else stays', () => {
  assert.equal(oneLine(name), 'Acme evil 98765432  fake line on');
  for (const plain of ['', 'Zürich', '日本 🌍', '👩‍💻', '<b>&|=HYPERLINK("x")', 'שלום'])
    assert.equal(oneLine(plain), plain);
  for (let code = 0; code < 0x10000; code++) {
    const left = oneLine(`a${String.fromCharCode(code)}b`);
    assert.doesNotMatch(left, /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u, code.toString(16));
  }
});

test('a log line has none of it, in its message and in its fields; a stack keeps its lines', () => {
  const lines: string[] = [];
  const settings = { googleCloudProject: null, functionName: 'f', version: 'v' };
  createTelemetry(settings, (line) => lines.push(line)).log(
    'ERROR',
    name,
    { actor: name, list: [name], httpRequest: { userAgent: name } },
    new Error('x'),
  );
  const line = JSON.parse(lines.join('')) as Record<string, unknown>;
  const clean = oneLine(name);
  assert.deepEqual(
    [line['message'], line['actor'], line['list'], line['httpRequest']],
    [clean, clean, [clean], { userAgent: clean }],
  );
  assert.match(String(line['stack_trace']), /\n/);
});

test('a text without end takes no longer than its length', () => {
  for (const part of ['\u001b]', '\u001b[', '\u001b[0', '\n', '\u202e'])
    assert.ok(!oneLine(part.repeat(300_000)).includes('\u001b'));
});
