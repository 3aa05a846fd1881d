import fc from 'fast-check';

/** What one of two members does next. `pick` and `other` choose among the rows that are there, `text` what is written. */
export interface Step {
  readonly kind: 'save' | 'edit' | 'delete' | 'revive' | 'prompt' | 'unprompt' | 'session' | 'end' | 'relate' | 'share';
  readonly member: 0 | 1;
  readonly pick: number;
  readonly other: number;
  readonly text: number;
}

export interface History {
  /**
   * `alone`: only the first member does anything. `in-turn`: whoever goes on has seen what the other did. `at-once`: both change their own
   * rows without looking at each other.
   */
  readonly team: 'alone' | 'in-turn' | 'at-once';
  readonly steps: readonly Step[];
}

const kinds: fc.Arbitrary<Step['kind']> = fc.oneof(
  { weight: 6, arbitrary: fc.constant('save' as const) },
  { weight: 4, arbitrary: fc.constant('edit' as const) },
  { weight: 2, arbitrary: fc.constant('delete' as const) },
  { weight: 1, arbitrary: fc.constant('revive' as const) },
  { weight: 2, arbitrary: fc.constant('prompt' as const) },
  { weight: 1, arbitrary: fc.constant('unprompt' as const) },
  { weight: 2, arbitrary: fc.constant('session' as const) },
  { weight: 2, arbitrary: fc.constant('end' as const) },
  { weight: 2, arbitrary: fc.constant('relate' as const) },
  { weight: 4, arbitrary: fc.constant('share' as const) },
);

const members: fc.Arbitrary<0 | 1> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0 as const) },
  { weight: 1, arbitrary: fc.constant(1 as const) },
);

const steps = fc.record({ kind: kinds, member: members, pick: fc.nat(), other: fc.nat(), text: fc.nat() });

const histories: fc.Arbitrary<History> = fc.record({
  team: fc.constantFrom('alone', 'in-turn', 'at-once'),
  steps: fc.array(steps, { minLength: 5, maxLength: 30, size: 'max' }),
});

/** The history of a seed, always the same. */
export function historyOf(seed: number): History {
  const [history] = fc.sample(histories, { seed, numRuns: 1 });
  return history ?? { team: 'alone', steps: [] };
}
