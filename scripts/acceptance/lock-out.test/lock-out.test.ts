// A customer is never locked out by an accident, and nobody is let in by one: whatever happens to a token at its
// source, within two syncs the rightful caller is served, everywhere, and nobody else is. On a real Redis, a real
// Firestore client, and sources that speak their protocols.

import { after, before, describe, test } from 'node:test';
import { startRedis, type LocalRedis } from '../../local/process/redis.ts';
import { startTested } from './gateway.ts';
import { sequences } from './sequences.ts';
import { startSources, type Sources } from './source-kinds.ts';

let server: LocalRedis;
let sources: Sources;
before(async () => {
  [server, sources] = await Promise.all([startRedis(), startSources()]);
});
after(async () => void (await Promise.all([sources.close(), server.close()])));

for (const kind of ['portal', 'graphql', 'users'] as const)
  describe(`access is stated by: ${kind}`, () => {
    for (const sequence of sequences.filter(({ kinds }) => kinds.includes(kind)))
      test(sequence.name, async () => {
        const source = sources.kinds.find((one) => one.kind === kind);
        if (source === undefined) throw new Error(`there is no source ${kind}`);
        const gateway = await startTested(source, server);
        try {
          await sequence.run(gateway);
          await gateway.sync();
          await gateway.sync();
          await gateway.served();
        } finally {
          await gateway.close();
        }
      });
  });
