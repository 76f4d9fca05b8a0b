import { expect, test } from 'vitest';
import { variantsFor } from './admin.ts';
import { dropsTooMany } from './client.ts';
import { flags } from './registry.ts';
import { effectiveSplitBasisPoints, type FlagState, wantedOf } from './wanted.ts';

const variant = (value: string, weight = 1000) => ({ name: value, weight, payload: { type: 'string', value } });
const flag = (name: string, variants: FlagState['variants'], change: Partial<FlagState> = {}): [string, FlagState] => [
  name,
  { name, enabled: true, strategies: [{ name: 'flexibleRollout', parameters: { rollout: '100' }, constraints: [], variants }], ...change },
];
const wanted = (...states: [string, FlagState][]) => wantedOf(new Map(states), 'notifications');

test('the variant with all the weight is the wish', () => {
  const wish = wanted(
    flag('migrate.notifications', [variant('legacy', 0), variant('shadow')]),
    flag('split.notifications', [{ name: 'limit', weight: 1000, payload: { type: 'number', value: '25' } }]),
  );
  expect(wish).toMatchObject({ phase: 'shadow', split: 25, problems: [] });
});

test('a flag that is off or absent asks for nothing', () => {
  expect(wanted()).toMatchObject({ phase: null, split: null, problems: [] });
  expect(wanted(flag('migrate.notifications', [variant('shadow')], { enabled: false }))).toMatchObject({ phase: null, problems: [] });
});

test('the revision changes when the wish changes, and only then', () => {
  const revision = (value: string, name = value) => wanted(flag('migrate.notifications', [{ ...variant(value), name }])).revision;
  expect(revision('shadow')).not.toBe(revision('canary'));
  expect(revision('shadow')).toBe(revision('shadow', 'renamed'));
});

test.each([
  [
    'two variants share the weight',
    flag('migrate.notifications', [variant('shadow', 500), variant('canary', 500)]),
    'variants with weight',
  ],
  ['a phase that is none', flag('migrate.notifications', [variant('gone')]), 'asks for "gone"'],
  [
    'a rollout under 100 %',
    flag('migrate.notifications', [], { strategies: [{ name: 'f', parameters: { rollout: '50' }, variants: [variant('shadow')] }] }),
    'rolled out to 50 %',
  ],
  [
    'constraints',
    flag('migrate.notifications', [], { strategies: [{ name: 'f', constraints: [{}], variants: [variant('shadow')] }] }),
    'constraints',
  ],
  ['two strategies', flag('migrate.notifications', [], { strategies: [{ name: 'a' }, { name: 'b' }] }), '2 strategies'],
  ['no variant at all', flag('migrate.notifications', []), 'without a variant'],
  ['a split over 100', flag('split.notifications', [variant('101')]), 'from 0 to 100'],
  ['a split that is no number', flag('split.notifications', [variant('half')]), 'from 0 to 100'],
])('%s is a problem, never a guess', (_label, state, problem) => {
  const wish = wanted(state);
  expect(wish.problems.join()).toContain(problem);
  expect(wish).toMatchObject({ phase: null, split: null });
});

test('the split in force never exceeds the ledger’s', () => {
  expect(effectiveSplitBasisPoints(2_500, 100)).toBe(2_500);
  expect(effectiveSplitBasisPoints(2_500, 5)).toBe(500);
  expect(effectiveSplitBasisPoints(2_500, null)).toBe(2_500);
});

test('a document that lost most known flags is refused; a first one, and one that lost few, are not', () => {
  const known = new Map(flags.map((each) => flag(each.name, [])));
  expect(dropsTooMany(known, new Map())).toBe(true);
  expect(dropsTooMany(new Map(), new Map())).toBe(false);
  expect(dropsTooMany(known, known)).toBe(false);
});

test('what is written for a value is read as that value', () => {
  for (const each of flags) {
    for (const value of each.variants) {
      const { problems, ...wish } = wanted(flag(each.name, variantsFor(each, value) as FlagState['variants']));
      expect(problems).toEqual([]);
      expect([wish.phase, String(wish.split)]).toContain(value);
    }
  }
});

test('every flag has an owner and a purpose', () => {
  for (const each of flags) expect(each).toMatchObject({ owner: expect.stringMatching(/./), purpose: expect.stringMatching(/.{20}/) });
});
