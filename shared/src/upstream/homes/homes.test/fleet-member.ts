// One instance of a fleet as a process of its own: it calls a model again and again, and tells what it saw when it is
// asked to stop. Its parent hands it addresses on the command line.

import { setTimeout as sleep } from 'node:timers/promises';
import { connectStore, StoreUnavailable, type Store } from '../../../store/store.ts';
import { instanceOf } from './fleet.ts';

/** What a member tells at its end. */
export interface Told {
  readonly calls: number;
  /** Calls that the living home did not answer. */
  readonly unserved: number;
  /** Commands that never left for Redis: whoever asks it for the right to probe may probe then. */
  readonly unasked: number;
}

/** Between two calls: a fleet has two processors here. */
const pauseMs = 50;

const [redisUrl = '', deadUrl = '', livingUrl = ''] = process.argv.slice(2);
const connected = connectStore({ redisEndpoint: redisUrl }, () => undefined);
connected.connect();
let unasked = 0;
const store: Store = Object.assign(Object.create(connected) as Store, {
  commands: async (...args: Parameters<Store['commands']>) => {
    try {
      return await connected.commands(...args);
    } catch (error) {
      if (error instanceof StoreUnavailable && !error.sent) unasked++;
      throw error;
    }
  },
});
const told = { calls: 0, unserved: 0 };
let isOver = false;

process.on('disconnect', () => process.exit(1));
process.on('message', (word) => {
  if (word === 'stop') isOver = true;
  else void callAgainAndAgain();
});
await connected.commands([['ping']], { leftMs: 10_000, patient: true });
process.send?.('ready');

async function callAgainAndAgain(): Promise<void> {
  const instance = instanceOf([{ url: deadUrl }, { url: livingUrl }], { store });
  while (!isOver) {
    const { home } = await instance.ask({ actor: `a${told.calls++ % 3}` });
    if (home !== 'b') told.unserved++;
    await sleep(pauseMs);
  }
  process.send?.({ ...told, unasked } satisfies Told, () => process.exit(0));
}
