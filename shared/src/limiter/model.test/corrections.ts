// The step of model.test.ts that only an operator takes: a correction of a budget, or its windows begun anew.

import fc from 'fast-check';
import type { Store } from '../../store/store.ts';
import { correctBudget } from '../limiter.ts';
import { nanoUnit, windowsOf } from './drawn-money.ts';
import { actorNumbers, budget, firstPlan, picks, Step } from './steps.ts';
import { actors, permitOf } from './world.ts';

const scopes = ['subscription', 'chat_completions', 'embeddings'] as const;

/** An operator gives back or takes, or begins the windows anew. */
export const corrections = fc
  .tuple(actorNumbers, fc.nat(2), fc.constantFrom(0, 5, 20), fc.integer({ min: -3, max: 3 }), picks)
  .map(
    ([actorNumber, scopeNumber, span, units, pick]) =>
      new Step(`correct(${actorNumber}, ${scopeNumber}, ${span}, ${units}, ${pick})`, async (both, real) => {
        const { plain, resets, owners } = both;
        const times = resets.get(actorNumber) ?? 0;
        const [{ name, end } = { name: '', end: null }] = windowsOf(span, plain.now, 0, times);
        if (units === 0) resets.set(actorNumber, times + 1);
        const scope = scopes[scopeNumber] ?? 'subscription';
        const actor = actors[actorNumber] ?? '';
        // Now and then the same one again.
        const id = `correction-${pick % 20}-${actorNumber}-${scopeNumber}`;
        const [byNanoUsd, withinUse] = [units * nanoUnit, pick % 2 === 0];
        const window = { name, endMs: end };
        const asked = { eventId: id, scope, window, byNanoUsd, withinUse, event: `correction ${id}` };
        const owner = permitOf(actorNumber, 'embeddings', firstPlan).actor;
        const done = await correctBudget(real.stores[0] as Store, owner, asked, budget());
        const is = done.outcome === 'corrected' ? { outcome: done.outcome, settled: done.settledNanoUsd } : done;
        const tally = plain.budgets.byKey.get(`${scope} ${actor}`)?.windows.get(name);
        const settledNanoUsd = (tally?.used ?? 0) - (tally?.reserved ?? 0);
        if (!plain.leases.has(id) && withinUse && settledNanoUsd + byNanoUsd < 0)
          return [is, { outcome: 'short', settledNanoUsd }];
        if (owners.has(id) && !plain.leases.has(id)) both.late.add(id);
        owners.set(id, [`subscription ${actor}`, `${scope} ${actor}`]);
        const place = scope === 'subscription' ? 1 : 2;
        return [is, plain.correct(id, `${scope} ${actor}`, place, name, end ?? 0, byNanoUsd)];
      }),
  );
