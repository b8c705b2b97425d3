// A read of a document against a server that fails: what passes is tried again, within its time; the rest is an error
// that tells nothing of what was asked.

import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { afterEach, test } from 'node:test';
import { listen } from '../../../scripts/local/process/port.ts';
import { FetchFailed } from '../http/http.ts';
import { createDocumentReader, type StoredDocument } from './document-reader.ts';

const servers: Server[] = [];
/** The emulator asks for none. */
const noTokens = (): Promise<string> => Promise.reject(new Error('asked for a token'));
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** Reads `subscriptions/secret-id` from somebody who answers these in turn, the last one for ever. */
async function reading(
  ...answers: readonly ((response: ServerResponse) => void)[]
): Promise<{ read(timeoutMs?: number): Promise<StoredDocument | null>; asked(): number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    request.resume();
    answers[Math.min(asked++, answers.length - 1)]?.(response);
  });
  servers.push(server);
  const firestoreEmulatorHost = `127.0.0.1:${await listen(server)}`;
  const reader = createDocumentReader({ firestoreEmulatorHost, googleCloudProject: 'p' }, noTokens);
  return { read: (timeoutMs = 30_000) => reader.read('subscriptions/secret-id', timeoutMs), asked: () => asked };
}

const says = (status: number, body: unknown) => (response: ServerResponse) =>
  void response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
const nameOf = (path: string) => `projects/p/databases/(default)/documents/${path}`;
const found = (fields: object, updateTime = '2026-11-26T08:00:00.000001Z') =>
  says(200, [{ found: { name: nameOf('subscriptions/secret-id'), fields, updateTime } }]);
const breaks = (response: ServerResponse) => void response.destroy();

test('a server that cannot for a moment is asked again, twice at most', async () => {
  const passing = await reading(says(503, {}), breaks, found({ a: { stringValue: 'b' } }));
  assert.deepEqual(await passing.read(), { data: { a: 'b' }, version: Date.UTC(2026, 10, 26, 8) * 1_000 + 1 });
  const lasting = await reading(says(503, [{ error: { code: 503, status: 'UNAVAILABLE' } }]));
  await assert.rejects(lasting.read(), { message: 'Firestore answered 503 UNAVAILABLE' });
  assert.deepEqual([passing.asked(), lasting.asked()], [3, 3]);
});

test('one that says no is not asked again; its words stay with it', async () => {
  for (const [status, body, words] of [
    [403, [{ error: { status: 'PERMISSION_DENIED', message: 'subscriptions/secret-id' } }], ' PERMISSION_DENIED'],
    [404, { error: { status: 'NOT_FOUND', message: 'The database (default) does not exist' } }, ' NOT_FOUND'],
    [429, { error: { status: 'secret-id' } }, ''],
    [401, '<html>', ''],
  ] as const) {
    const refusing = await reading(says(status, body));
    await assert.rejects(refusing.read(), { message: `Firestore answered ${status}${words}` });
    assert.equal(refusing.asked(), 1);
  }
});

test('an answer of another shape is nobody’s document', async () => {
  for (const body of ['', '[]', '{}', '[{"readTime":"x"}]']) {
    const { read } = await reading(says(200, body));
    await assert.rejects(read(), { message: 'Firestore answered 200 without a document' });
  }
  await assert.rejects((await reading(found({}, 'yesterday'))).read(), { message: /no time/ });
});

test('a value of a kind that no document of ours has stays itself, and so fits no schema; a name cannot become a prototype', async () => {
  const time = { timestampValue: '2026-11-26T08:00:00Z' };
  const { read } = await reading(
    found({ time, ['__proto__']: { mapValue: { fields: { a: { integerValue: '7' } } } } }),
  );
  const data = (await read())?.data ?? {};
  assert.deepEqual(data['time'], time);
  assert.equal(Object.getPrototypeOf(data), Object.prototype);
  assert.deepEqual(Object.keys(data), ['time', '__proto__']);
});

test('silence ends with the time that was given', async () => {
  const { read, asked } = await reading(() => undefined);
  await assert.rejects(read(30), { message: 'no answer in time' });
  assert.equal(asked(), 1);
});

test('no project is an error that says what to set', async () => {
  const reader = createDocumentReader({ firestoreEmulatorHost: '127.0.0.1:1', googleCloudProject: null }, noTokens);
  await assert.rejects(reader.read('tokens/x', 100), { message: /^GOOGLE_CLOUD_PROJECT is not set/ });
});

test('each try goes with a token of its time; a token that cannot be had for a moment is asked for again', async () => {
  const seen: unknown[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    request.resume();
    (seen.length === 1 ? breaks : found({ a: { booleanValue: true } }))(response);
  });
  servers.push(server);
  const origin = `http://127.0.0.1:${await listen(server)}`;
  let asked = 0;
  const tokens = async (): Promise<string> => {
    if (++asked === 1) throw new FetchFailed('the metadata server answered 503');
    return `token-${asked}`;
  };
  const reader = createDocumentReader({ firestoreEmulatorHost: null, googleCloudProject: 'p' }, tokens, origin);
  assert.deepEqual((await reader.read('subscriptions/secret-id', 30_000))?.data, { a: true });
  assert.deepEqual(seen, ['Bearer token-2', 'Bearer token-3']);
});

test('an account without credentials is told at once', async () => {
  const tokens = async (): Promise<string> => {
    throw new Error('no credentials');
  };
  const reader = createDocumentReader(
    { firestoreEmulatorHost: null, googleCloudProject: 'p' },
    tokens,
    'http://127.0.0.1:1',
  );
  await assert.rejects(reader.read('subscriptions/secret-id', 30_000), { message: 'no credentials' });
});

test('several are read in one round trip, in the order of their paths, whatever order they come in', async () => {
  let asked = 0;
  const name = nameOf('c/b');
  const server = createServer((request, response) => {
    asked += 1;
    request.resume();
    says(200, [
      { missing: nameOf('c/c') },
      { found: { name, fields: { n: { integerValue: '2' } }, updateTime: '2026-11-26T08:00:00Z' } },
      { missing: nameOf('c/a') },
    ])(response);
  });
  servers.push(server);
  const firestoreEmulatorHost = `127.0.0.1:${await listen(server)}`;
  const { readAll } = createDocumentReader({ firestoreEmulatorHost, googleCloudProject: 'p' }, noTokens);
  const read = await readAll(['c/a', 'c/b', 'c/c'], 30_000);
  assert.deepEqual(
    read.map((document) => document?.data ?? null),
    [null, { n: 2 }, null],
  );
  assert.deepEqual(await readAll([], 30_000), []);
  assert.equal(asked, 1);
});
