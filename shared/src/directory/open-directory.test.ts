// The directory through Firestore's real client: who a token is, that a document of an unexpected shape grants nothing,
// what outages look like. On the emulator in this process, and on Google's own where the gcloud CLI has it: there the
// security rules are proven as well.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startFirestore } from '../../../scripts/local/google/firestore.ts';
import { freePort, listen } from '../../../scripts/local/process/port.ts';
import { openDocuments, versionOf, type Documents } from '../documents/documents.ts';
import { effectiveLimit, hasAccess } from './account.ts';
import { openDirectory, type Directory, type TokenAccount } from './open-directory.ts';
import { createSubscription, findSubscription, listSubscriptions } from './operator/subscriptions.ts';
import { classifyToken, hashToken } from './token.ts';

/** The emulators ask for none. */
const noTokens = (): Promise<string> => Promise.reject(new Error('asked for a token'));

const chat = { limit: 500, intervalSeconds: 86_400, allowedModels: ['*'] };
const rules = path.resolve(import.meta.dirname, '../../../terraform/firestore/firestore.rules');
const program = googleEmulator();

interface Emulator {
  readonly host: string;
  close(): Promise<void>;
}

for (const [name, start, skip] of [
  ['in this process', () => startFirestore(), false],
  ['Google’s', () => startGoogleEmulator(program ?? ''), program === null ? 'the gcloud CLI has no emulator' : false],
] as const)
  describe(`the emulator ${name}`, { skip }, () => {
    let emulator: Emulator;
    let documents: Documents;
    let directory: Directory;
    before(async () => {
      emulator = await start();
      documents = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: 'p' });
      directory = openDirectory(documents);
    });
    after(async () => {
      await documents.close();
      await emulator.close();
    });

    const write = async (document: string, data: object): Promise<void> =>
      void (await (await documents.client()).doc(document).set(data));
    const find = async (token: string): Promise<TokenAccount | null> => {
      const found = await directory.find(classifyToken(token));
      return found === null || 'revokedAt' in found ? null : found;
    };
    /** A token of its own for the document of that path. */
    const tokenOf = async (actor: string, prefix = 'slk_', more: object = {}): Promise<string> => {
      const token = `${prefix}${randomUUID().replaceAll('-', '').repeat(2)}`;
      await write(`tokens/${hashToken(token)}`, { actor, ...more });
      return token;
    };

    test('a created subscription is found by its token, in both spellings, with what was stated of it', async () => {
      const { id, token } = await createSubscription(documents, { name: 'acme', limits: { chat_completions: chat } });
      assert.match(token, /^slk_[0-9a-f]{64}$/);
      const account = await find(token);
      assert.deepEqual(account, {
        source: 'dotcom-product-subscriptions',
        id,
        version: account?.version,
        askedMs: null,
        record: {
          name: 'acme',
          accessEnabled: true,
          archived: false,
          limits: { chat_completions: chat },
          tags: [],
          overrides: {},
          origin: 'operator',
          tokens: [hashToken(token)],
        },
      });
      assert.deepEqual(await find(token.replace('slk_', 'sgs_')), account);
    });

    test('the token itself is not stored', async () => {
      const { id, token } = await createSubscription(documents, { name: 'secret', limits: { chat_completions: chat } });
      const firestore = await documents.client();
      const stored = [
        await firestore.doc(`subscriptions/${id}`).get(),
        await firestore.doc(`tokens/${hashToken(token)}`).get(),
      ];
      for (const document of stored) {
        assert.ok(document.exists);
        assert.equal(JSON.stringify([document.id, document.data()]).includes(token.slice(4)), false);
      }
    });

    test('an id is a UUID, is taken once, and loses its es_', async () => {
      const id = randomUUID();
      const create = (wanted: string) =>
        createSubscription(documents, { name: 'n', limits: { chat_completions: chat }, id: wanted });
      assert.equal((await create(`es_${id}`)).id, id);
      await assert.rejects(create(id), { message: `there is a subscription ${id} already` });
      await assert.rejects(create('../tokens/x'), { message: '"../tokens/x" is not a subscription id: give a UUID' });
    });

    test('what an operator sees: found with or without es_, null, listed up to a number, a malformed one by its fault', async () => {
      const { id } = await createSubscription(documents, { name: 'seen', limits: { chat_completions: chat } });
      const entry = await findSubscription(documents, `es_${id}`);
      assert.ok(entry !== null && 'record' in entry);
      assert.deepEqual([entry.id, entry.record.name, entry.record.limits], [id, 'seen', { chat_completions: chat }]);
      assert.equal(await findSubscription(documents, randomUUID()), null);
      assert.equal(await findSubscription(documents, 'acme'), null);
      await write('subscriptions/00000000-0000-0000-0000-000000000000', { name: 7 });
      assert.equal((await listSubscriptions(documents, 1)).length, 1);
      const listed = await listSubscriptions(documents, 100);
      const broken = listed.find((one) => one.id.startsWith('00000000-'));
      assert.match(
        broken !== undefined && 'fault' in broken ? broken.fault : '',
        /^directory document subscriptions\/0{8}-.* is malformed: name: expected string; accessEnabled: /,
      );
      assert.ok(listed.some((one) => one.id === id));
    });

    test('a document that is read is the one that Firestore’s client reads: its values, and its version to the microsecond', async () => {
      const reader = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: 'p' }, noTokens);
      const data = {
        text: 'ä"\n',
        yes: true,
        nothing: null,
        whole: -(2 ** 40),
        part: 0.1,
        none: [],
        some: ['a', 1, { deep: [] }],
        map: { empty: {}, 'with.a-dot': 1 },
      };
      const client = await documents.client();
      await client.doc('subscriptions/all').set(data);
      const { updateTime } = await client.doc('subscriptions/all').get();
      const read = await reader.read('subscriptions/all', 5_000);
      assert.deepEqual(read, { data, version: versionOf(updateTime) });
      assert.equal(await reader.read('subscriptions/none', 5_000), null);
      // What only a client of its own project may see.
      const elsewhere = openDocuments({ firestoreEmulatorHost: emulator.host, googleCloudProject: 'q' }, noTokens);
      assert.equal(await elsewhere.read('subscriptions/all', 5_000), null);
    });

    test('nobody: an unknown token, a revoked one, one whose account is gone', async () => {
      const { id } = await createSubscription(documents, { name: 'n', limits: { chat_completions: chat } });
      assert.equal(await find(`slk_${'1'.repeat(64)}`), null);
      assert.equal(await find(await tokenOf(`subscriptions/${id}`, 'slk_', { revoked: true })), null);
      assert.equal(await find(await tokenOf(`subscriptions/${randomUUID()}`)), null);
      assert.equal((await find(await tokenOf(`subscriptions/${id}`)))?.id, id);
    });

    test('a token of one kind does not open an account of the other; a user’s opens the user’s', async () => {
      const record = { name: 'alice', accessEnabled: true, limits: { chat_completions: chat } };
      await write('users/10', record);
      await write('subscriptions/10', record);
      const user = await find(await tokenOf('users/10', 'sgd_'));
      assert.deepEqual([user?.source, user?.id, user?.record.name], ['dotcom-user', '10', 'alice']);
      assert.equal(await find(await tokenOf('users/10', 'slk_')), null);
      assert.equal(await find(await tokenOf('subscriptions/10', 'sgd_')), null);
    });

    test('actors #17: disabled and archived accounts are known, without access', async () => {
      for (const off of [{ accessEnabled: false }, { accessEnabled: true, archived: true }]) {
        const account = `subscriptions/${randomUUID()}`;
        await write(account, { name: 'off', limits: { chat_completions: chat }, ...off });
        const found = await find(await tokenOf(account));
        assert.equal(found && hasAccess(found.record), false);
      }
    });

    test('a limit is read as it stands, also one that grants nothing; one that is null is none', async () => {
      const account = `subscriptions/${randomUUID()}`;
      const limits = { chat_completions: { ...chat, limit: 0 }, code_completions: null, embeddings: chat };
      await write(account, { name: 'n', accessEnabled: true, limits });
      const found = await find(await tokenOf(account));
      assert.deepEqual(
        (['chat_completions', 'code_completions', 'embeddings'] as const).map(
          (feature) => found && effectiveLimit(found.record, feature, 0),
        ),
        [{ ...chat, limit: 0 }, null, chat],
      );
    });

    test('actors #12: a document of another shape grants nothing: the directory fails, and the log learns where, not what', async () => {
      const good = { name: 'n', accessEnabled: true, limits: { chat_completions: chat } };
      for (const [data, where] of [
        [{ ...good, accessEnabled: 'yes-secret' }, 'accessEnabled: expected boolean'],
        [{ name: 'n', limits: {} }, 'accessEnabled: expected'],
        [
          { ...good, limits: { chat_completions: { ...chat, limit: '500' } } },
          'limits.chat_completions.limit: expected number',
        ],
        [
          { ...good, limits: { chat_completions: { ...chat, limit: 1.5 } } },
          'limits.chat_completions.limit: expected integer',
        ],
        [
          { ...good, limits: { chat_completions: { ...chat, allowedModels: '*' } } },
          'limits.chat_completions.allowedModels: expected Array',
        ],
      ] as const) {
        const account = `subscriptions/${randomUUID()}`;
        await write(account, data);
        await assert.rejects(find(await tokenOf(account)), (error: Error & { kind?: string }) => {
          assert.equal(error.kind, 'directory-unavailable');
          const cause = (error.cause as Error).message;
          assert.ok(cause.startsWith(`directory document ${account} is malformed: ${where}`), cause);
          assert.equal(`${error.message}${cause}`.includes('secret'), false);
          return true;
        });
      }
      for (const actor of ['tokens/x', 'subscriptions/a/b/c', 7])
        await assert.rejects(find(await tokenOf(actor as string)), { kind: 'directory-unavailable' });
    });

    if (name === 'Google’s')
      test('the rules let no client in but servers', async () => {
        const { token } = await createSubscription(documents, { name: 'n', limits: { chat_completions: chat } });
        const url = `http://${emulator.host}/v1/projects/p/databases/(default)/documents/tokens/${hashToken(token)}`;
        const ask = async (init: RequestInit): Promise<number> => (await fetch(url, init)).status;
        const body = JSON.stringify({ fields: { actor: { stringValue: 'subscriptions/x' } } });
        assert.equal(await ask({ headers: { authorization: 'Bearer owner' } }), 200);
        assert.equal(await ask({}), 403);
        assert.equal(await ask({ method: 'PATCH', body }), 403);
        assert.equal(await ask({ method: 'DELETE' }), 403);
      });
  });

test('a directory that does not answer in time is a refusal that invites a retry; when it answers again, so do we', async () => {
  const emulator = await startFirestore();
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  // Takes connections at once, and says nothing on them until it is opened.
  const gate = createServer((socket) => {
    const behind = connect(Number(emulator.host.split(':')[1]), '127.0.0.1');
    for (const end of [socket, behind]) end.on('error', () => undefined);
    void opened.then(() => socket.pipe(behind).pipe(socket));
  });
  const host = `127.0.0.1:${await listen(gate)}`;
  const documents = openDocuments({ firestoreEmulatorHost: host, googleCloudProject: 'p' });
  const directory = openDirectory(documents, 100);
  const find = () => directory.find(classifyToken(`slk_${'1'.repeat(64)}`));
  await assert.rejects(find(), { kind: 'directory-unavailable', retryAfterSeconds: 10 });
  open();
  let found: unknown;
  while (found === undefined) found = await find().catch(() => undefined);
  assert.equal(found, null);
  await documents.close();
  gate.close();
  await emulator.close();
});

/** The Java archive of Google's emulator, null where there is none. */
function googleEmulator(): string | null {
  const on = (name: string): string | undefined =>
    (process.env['PATH'] ?? '')
      .split(path.delimiter)
      .map((folder) => path.join(folder, name))
      .find((file) => existsSync(file));
  const gcloud = on('gcloud');
  if (gcloud === undefined || on('java') === undefined) return null;
  const archive = path.resolve(
    realpathSync(gcloud),
    '../../platform/cloud-firestore-emulator/cloud-firestore-emulator.jar',
  );
  return existsSync(archive) ? archive : null;
}

async function startGoogleEmulator(archive: string): Promise<Emulator> {
  const host = `127.0.0.1:${await freePort()}`;
  const main = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore';
  const java = [
    'java',
    '-cp',
    archive,
    main,
    'start',
    `--host=127.0.0.1`,
    `--port=${host.split(':')[1] ?? ''}`,
    `--rules=${rules}`,
  ];
  // The shell ends it when our end of its input closes, however this process ends.
  const shell = spawn('sh', ['-c', '"$@" & read -r _; kill -9 "$!"; wait', 'sh', ...java], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = new Promise((resolve) => shell.on('exit', resolve));
  const deadline = Date.now() + 60_000;
  while (
    !(await fetch(`http://${host}/`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (Date.now() > deadline) throw new Error('Google’s emulator did not start within a minute');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    host,
    close: async () => {
      shell.stdin.end();
      await ended;
    },
  };
}
