// What happens to tokens at a source, as sequences: each ends with who every token has to be within two syncs.

import assert from 'node:assert/strict';
import type { Kind } from './source-kinds.ts';
import type { TestedGateway } from './gateway.ts';

/** Something odd that happens. */
export interface Sequence {
  readonly name: string;
  /** Where it can happen. */
  readonly kinds: readonly Kind[];
  /** Makes it happen, and says what has to be so afterwards. */
  run(gateway: TestedGateway): Promise<void>;
}

const everywhere: readonly Kind[] = ['portal', 'graphql', 'users'];
const listing: readonly Kind[] = ['portal', 'graphql'];
const minuteMs = 60_000;
/**
 * A statement about a user is believed for so long, one about a subscription may be asked for again after ten minutes.
 */
const oldMs = 16 * minuteMs;

/** The sequences. */
export const sequences: readonly Sequence[] = [
  {
    name: 'absent for one look-up',
    kinds: everywhere,
    run: async (gateway) => {
      const { source } = gateway;
      const [a, b] = [source.token(1), source.token(2)];
      await known(gateway, { [a]: 1, [b]: 2 });
      await gateway.pass(11 * minuteMs);
      source.remove(1);
      await gateway.refresh(a);
      assert.equal(await gateway.outcome(a), 'invalid-token');
      source.state(1, [a]);
    },
  },
  {
    name: 'absent for a sync',
    kinds: everywhere,
    run: async (gateway) => {
      const { source } = gateway;
      const [a, b] = [source.token(1), source.token(2)];
      await known(gateway, { [a]: 1, [b]: 2 });
      await gateway.pass(oldMs);
      source.remove(1);
      await gateway.sync();
      await gateway.pass(source.kind === 'users' ? oldMs : minuteMs);
      assert.equal(await gateway.outcome(a), 'invalid-token');
      source.state(1, [a]);
    },
  },
  {
    name: 'moved to an account that is listed later',
    kinds: everywhere,
    run: async (gateway) => {
      const { source } = gateway;
      const [a, b, moving] = [source.token(1), source.token(2), source.token(3)];
      await known(gateway, { [a]: 1, [moving]: 1, [b]: 2 });
      source.state(1, [a]);
      source.state(2, [b, moving]);
      gateway.expect({ [a]: 1, [moving]: 2, [b]: 2 });
      await aged(gateway);
    },
  },
  {
    name: 'moved forth and back',
    kinds: everywhere,
    run: async (gateway) => {
      const { source } = gateway;
      const [a, b, moving] = [source.token(1), source.token(2), source.token(3)];
      await known(gateway, { [a]: 1, [moving]: 1, [b]: 2 });
      source.state(1, [a]);
      source.state(2, [b, moving]);
      gateway.expect({ [a]: 1, [moving]: 2, [b]: 2 });
      await aged(gateway);
      await gateway.sync();
      await gateway.sync();
      await gateway.served();
      source.state(2, [b]);
      source.state(1, [a, moving]);
      gateway.expect({ [a]: 1, [moving]: 1, [b]: 2 });
      await byListAlone(gateway);
      await aged(gateway);
    },
  },
  {
    name: 'moved to an account that is listed before the old one',
    kinds: listing,
    run: async (gateway) => {
      const { source } = gateway;
      const [a, b, moving] = [source.token(1), source.token(2), source.token(3)];
      await known(gateway, { [b]: 2, [a]: 1, [moving]: 1 });
      source.state(2, [b, moving]);
      source.state(1, [a]);
      gateway.expect({ [a]: 1, [moving]: 2, [b]: 2 });
      await byListAlone(gateway);
    },
  },
  {
    name: 'merged: an account is archived, and its licence is another’s in the same list',
    kinds: everywhere,
    run: async (gateway) => {
      const { source } = gateway;
      const [a, b] = [source.token(1), source.token(2)];
      await known(gateway, { [a]: 1, [b]: 2 });
      source.archive(1);
      source.state(2, [b, a]);
      gateway.expect({ [a]: 2, [b]: 2 });
      await byListAlone(gateway);
      await aged(gateway);
    },
  },
  {
    name: 'two list it, and the one to whom it was counted loses it',
    kinds: listing,
    run: async (gateway) => {
      const { source, errors } = gateway;
      const [a, b, both] = [source.token(1), source.token(2), source.token(3)];
      source.state(1, [a, both]);
      source.state(2, [b, both]);
      gateway.expect({ [a]: 1, [b]: 2 });
      await gateway.sync();
      gateway.expect({ [a]: 1, [b]: 2, [both]: 2 });
      await gateway.served();
      const [error] = errors;
      assert.deepEqual([error?.fields['subscription'], error?.fields['other']], [source.idOf(2), source.idOf(1)]);
      assert.equal(JSON.stringify(errors).includes(both.slice(4)), false);
      source.state(2, [b]);
      gateway.expect({ [a]: 1, [b]: 2, [both]: 1 });
      await byListAlone(gateway);
    },
  },
  {
    name: 'two list it, and the one to whom it was counted is archived',
    kinds: listing,
    run: async (gateway) => {
      const { source } = gateway;
      const [a, b, both] = [source.token(1), source.token(2), source.token(3)];
      source.state(1, [a, both]);
      source.state(2, [b, both]);
      await gateway.sync();
      gateway.expect({ [a]: 1, [b]: 2, [both]: 2 });
      await gateway.served();
      source.archive(2);
      gateway.expect({ [a]: 1, [both]: 1 });
      await byListAlone(gateway);
      gateway.expect({ [a]: 1, [b]: source.kind === 'portal' ? 'invalid-token' : 'access-disabled', [both]: 1 });
    },
  },
  {
    name: 'half a list',
    kinds: everywhere,
    run: async (gateway) => {
      const { source } = gateway;
      const accounts = Array.from({ length: 14 }, (_, i) => i + 1);
      const tokens = Object.fromEntries(accounts.map((n) => [source.token(n), n]));
      await known(gateway, tokens);
      const lacking = accounts.slice(7);
      source.listLacks(lacking);
      const report = await gateway.sync();
      assert.deepEqual(report === null ? null : [report.withheld, report.pruned], report === null ? null : [7, 0]);
      await gateway.served();
      source.listLacks([]);
      // The same for good.
      for (const n of lacking) source.archive(n);
      const gone = source.kind === 'graphql' ? 'access-disabled' : 'invalid-token';
      gateway.expect({ ...tokens, ...Object.fromEntries(lacking.map((n) => [source.token(n), gone])) });
      await aged(gateway);
    },
  },
  {
    name: 'our own credentials die',
    kinds: everywhere,
    run: async (gateway) => {
      const { source } = gateway;
      const [a, b, fresh] = [source.token(1), source.token(2), source.token(3)];
      await known(gateway, { [a]: 1, [b]: 2 });
      source.credentialsDie();
      source.state(2, [b, fresh]);
      // The portal's are asked for anew at once; Sourcegraph.com's an operator has to change.
      if (source.kind !== 'portal') {
        assert.equal(await gateway.outcome(fresh), 'directory-unavailable');
        await aged(gateway);
        if (source.kind === 'graphql') await assert.rejects(gateway.sync(), /unexpected status 401/);
        await gateway.served('directory-unavailable');
      }
      source.credentialsLive();
      gateway.expect({ [a]: 1, [b]: 2, [fresh]: 2 });
    },
  },
  {
    name: 'a dead token of a customer who has another',
    kinds: everywhere,
    run: async (gateway) => {
      const { source } = gateway;
      const [a, dead] = [source.token(1), source.token(2)];
      await known(gateway, { [a]: 1, [dead]: 1 });
      source.state(1, [a]);
      gateway.expect({ [a]: 1, [dead]: 'invalid-token' });
      await aged(gateway);
      await gateway.sync();
      await gateway.sync();
      await gateway.served();
      // However often it calls, its source is asked once a minute at most.
      const before = source.asked();
      await gateway.pass(10 * minuteMs);
      assert.ok(source.asked() - before <= 12, `${source.asked() - before} questions in ten minutes`);
    },
  },
  {
    name: 'restored: gone for a day, then back',
    kinds: everywhere,
    run: async (gateway) => {
      const { source } = gateway;
      const [a, b] = [source.token(1), source.token(2)];
      await known(gateway, { [a]: 1, [b]: 2 });
      source.archive(1);
      gateway.expect({ [a]: source.kind === 'graphql' ? 'access-disabled' : 'invalid-token', [b]: 2 });
      await aged(gateway);
      await gateway.sync();
      await gateway.sync();
      await gateway.served();
      await gateway.pass(60 * minuteMs);
      source.state(1, [a]);
      gateway.expect({ [a]: 1, [b]: 2 });
    },
  },
  {
    name: 'revoked by an operator, then archived, brought back and moved',
    kinds: listing,
    run: async (gateway) => {
      const { source } = gateway;
      const [a, leaked] = [source.token(1), source.token(2)];
      await known(gateway, { [a]: 1, [leaked]: 1 });
      await gateway.revokeByOperator(leaked);
      source.archive(1);
      await gateway.sync();
      source.state(1, [a, leaked]);
      gateway.expect({ [a]: 1, [leaked]: 'invalid-token' });
      await gateway.sync();
      await gateway.sync();
      await gateway.served();
      source.state(1, [a]);
      source.state(2, [leaked]);
      // Not for a minute either.
      await byListAlone(gateway);
    },
  },
  {
    name: 'taken away by its source, revoked by an operator, then listed again',
    kinds: listing,
    run: async (gateway) => {
      const { source } = gateway;
      const [a, leaked] = [source.token(1), source.token(2)];
      await known(gateway, { [a]: 1, [leaked]: 1 });
      source.state(1, [a]);
      await gateway.sync();
      await gateway.revokeByOperator(leaked);
      source.state(1, [a, leaked]);
      gateway.expect({ [a]: 1, [leaked]: 'invalid-token' });
    },
  },
];

/** These accounts stand at the source in this order, and the gateway serves them. */
async function known(gateway: TestedGateway, accounts: Readonly<Record<string, number>>): Promise<void> {
  const tokens = Map.groupBy(Object.keys(accounts), (token) => accounts[token] ?? 0);
  for (const [account, own] of tokens) gateway.source.state(account, own);
  gateway.expect(accounts);
  await gateway.sync();
  await gateway.served();
}

/** The next list is enough: nobody is refused until a question at the source sets it right. */
async function byListAlone(gateway: TestedGateway): Promise<void> {
  if (gateway.source.kind === 'users') return;
  const before = gateway.source.asked();
  await gateway.sync();
  await gateway.served(null);
  assert.equal(gateway.source.asked(), before);
}

/** No list tells of users: what was stated of them has to be old before it is asked for again. */
async function aged(gateway: TestedGateway): Promise<void> {
  if (gateway.source.kind === 'users') await gateway.pass(oldMs);
}
