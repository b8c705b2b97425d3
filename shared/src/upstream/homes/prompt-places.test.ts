// Without a word of the subscription prompts go to the model's own company alone; with one, only where a home says it
// is what was stated.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PromptPlaces } from '../../auth/auth.ts';
import type { HomeRow, ProviderRow } from '../../catalogue/catalogue.ts';
import { homeOf } from './homes.test/home.ts';
import { mayHavePrompts, placesRefusal } from './prompt-places.ts';

const provider = { company: 'maker' } as ProviderRow;
const places = (more: Partial<PromptPlaces>): PromptPlaces => ({
  companies: null,
  regions: null,
  retention: null,
  ...more,
});

const cases: [name: string, home: Partial<HomeRow>, stated: PromptPlaces | null, may: boolean][] = [
  ['nothing is stated: the maker', { company: 'maker' }, null, true],
  ['nothing is stated: somebody else', { company: 'cloud' }, null, false],
  ['companies: one that is named', { company: 'cloud' }, places({ companies: ['cloud'] }), true],
  ['companies: the maker, when it is not named', { company: 'maker' }, places({ companies: ['cloud'] }), false],
  ['none may', { company: 'maker' }, places({ companies: [] }), false],
  [
    'a region alone lets nobody but the maker in',
    { company: 'cloud', region: 'eu' },
    places({ regions: ['eu'] }),
    false,
  ],
  ['a region', { company: 'maker', region: 'eu' }, places({ regions: ['eu'] }), true],
  ['another region', { company: 'maker', region: 'us' }, places({ regions: ['eu'] }), false],
  ['a home that does not say where it is', { company: 'maker' }, places({ regions: ['eu'] }), false],
  ['kept for less', { company: 'maker', retention: 'none' }, places({ retention: '30-days' }), true],
  ['kept as long', { company: 'maker', retention: '30-days' }, places({ retention: '30-days' }), true],
  ['kept longer', { company: 'maker', retention: 'longer' }, places({ retention: '30-days' }), false],
  ['nobody says how long', { company: 'maker' }, places({ retention: 'longer' }), false],
];
for (const [name, row, stated, may] of cases)
  test(name, () => assert.equal(mayHavePrompts(homeOf('h', row), provider, stated), may));

test('the refusal says what was stated', () => {
  assert.equal(
    placesRefusal('p/m', places({ companies: ['a', 'b'], regions: ['eu'], retention: 'none' })),
    'model p/m has no home of a, b in eu that keeps prompts for no time at present, and your prompts may go to no other',
  );
  assert.match(placesRefusal('p/m', null), /without your consent$/);
});
