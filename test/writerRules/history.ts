import fc from 'fast-check';

/** One thing that happens. `who` and `pick` count modulo what there is, so that every action is possible in every history. */
export type Action = { readonly after: number; readonly who: number; readonly pick: number; readonly text: string } & (
  | { readonly kind: 'save'; readonly topic: number; readonly personal: boolean }
  | { readonly kind: 'row'; readonly time: TimeForm; readonly session: 'own' | 'shared' | 'unknown' }
  | { readonly kind: 'relate'; readonly other: number }
  | { readonly kind: Plain }
);

/** `row`: a row as another program may have put it into the database; `visit`: the teammates sync with a copy of the folder. */
type Plain =
  | 'edit'
  | 'delete'
  | 'hardDelete'
  | 'prompt'
  | 'promptDelete'
  | 'session'
  | 'sessionEnd'
  | 'teammateSave'
  | 'import'
  | 'export'
  | 'sync'
  | 'visit';

export type TimeForm = 'plain' | 'rfc3339' | 'offset' | 'nanoseconds';

/** A team's history as plain data. */
export interface History {
  /** One folder for all, or a clone each, with pulls that unite the manifests. */
  readonly isBranched: boolean;
  /** How far each member's clock is off, in seconds; one member per entry. */
  readonly skews: readonly number[];
  /** What the folder held before: nothing, a chunk of v1.14.0, or one of a program of 3.x. */
  readonly start: 'nothing' | 'older' | 'newer';
  readonly actions: readonly Action[];
}

const HOUR = 3600;

const common = {
  after: fc.oneof(fc.constant(0), fc.nat(5), fc.nat(2 * HOUR)),
  who: fc.nat(5),
  pick: fc.nat(50),
  text: fc.constantFrom('same', 'same', 'other', '', '<b>&', 'a\u2028b', '😀 é', 'nul \0 \u0007', 'quote " \\ /', ' blank '),
};

function plain(...kinds: readonly Plain[]): fc.Arbitrary<Action> {
  return fc.record({ ...common, kind: fc.constantFrom(...kinds) });
}

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ ...common, kind: fc.constant('save' as const), topic: fc.nat(9), personal: fc.nat(9).map((n) => n === 0) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...common,
      kind: fc.constant('row' as const),
      time: fc.constantFrom('plain', 'plain', 'rfc3339', 'offset', 'nanoseconds'),
      session: fc.constantFrom('own', 'shared', 'shared', 'unknown'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ ...common, kind: fc.constant('relate' as const), other: fc.nat(50) }) },
  { weight: 8, arbitrary: plain('edit', 'edit', 'delete', 'hardDelete') },
  { weight: 5, arbitrary: plain('prompt', 'prompt', 'promptDelete') },
  { weight: 3, arbitrary: plain('session', 'sessionEnd', 'sessionEnd') },
  { weight: 4, arbitrary: plain('teammateSave') },
  { weight: 8, arbitrary: plain('sync', 'sync', 'sync', 'export', 'import') },
  { weight: 2, arbitrary: plain('visit') },
);

/** Not biased towards small values: a history is worth its time when things meet in it. */
export const history: fc.Arbitrary<History> = fc.noBias(
  fc.record({
    isBranched: fc.boolean(),
    skews: fc.array(fc.constantFrom(0, 0, 30, -40, 2 * HOUR, -3 * HOUR), { minLength: 1, maxLength: 3 }),
    start: fc.constantFrom('nothing', 'nothing', 'older', 'newer'),
    actions: fc.array(action, { minLength: 10, maxLength: 45, size: 'max' }),
  }),
);
