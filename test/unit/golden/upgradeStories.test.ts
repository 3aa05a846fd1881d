import { existsSync, readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { goldenPath } from '../../golden.ts';
import { loadDatabaseKit } from '../../simulation/memberDatabases.ts';
import { type Difference, readStory, UpgradeStory } from '../../support/upgradeStory.ts';
import { WASM_PATH } from '../../support/wasm.ts';

const REASONS = {
  snapshot: 'W-19: the snapshot is what stood before the upgrade, taken once and kept; nobody notes one without having looked',
  stage: 'W-19: no doctor takes a later stage back, so a verified project stays verified and is not rolled back',
  config: 'W-19: a rollback leaves alone what nobody has noted, instead of deleting it',
  directory: 'W-21: a session without directory is completed, so the bootstrap that v1.14.0 refuses goes through',
  payloads: 'a bootstrap completes the payloads by itself, where v1.14.0 wants a repair first',
  content: 'what is news is found by content before an export, so opening the database journals nothing',
  resumed: 'a resumed bootstrap does not note again what is done, so what the doctor said stays',
  state: 'what a bootstrap came to is noted in the state of the target, as a sync does it, and mutations that need a repair stop no sync',
} as const;
type Reason = keyof typeof REASONS;

/** Which difference is better by which reason: in the story, at the place. The first that fits counts. */
const BETTER: readonly (readonly [story: RegExp, at: RegExp, reason: Reason])[] = [
  [/./, /, snapshot_json( \(\d\))?$/, 'snapshot'],
  [/^clean-legacy/, /stage|bootstrap .*\(3\)|rollback|status .*\(4\)|^after doctor, last_error_code \(2\)$/, 'stage'],
  [/^policy/, /^(forbidden|allowed again|reason on cloud), stage$|^allowed again, (repair_class|last_error_code)$/, 'stage'],
  [/^policy/, /status|^forbidden after bootstrap, (repair_class|last_error_code)$/, 'resumed'],
  [/^rollback\.json$/, /cloud\.json/, 'config'],
  [/^(missing-directory-blocked|data-of-1\.14-used-by-1\.16-blocked|rollback-refused-bootstrap)/, /./, 'directory'],
  [/^missing-directory-repairable\.json$/, /./, 'payloads'],
  [/^missing-directory-repairable-v1/, /bootstrap .*\(2\)/, 'stage'],
  [/^(interrupted|rollback|empty-project|data-of-1\.14-used-by-1\.16-repairable)/, /, states$/, 'state'],
  [/^already-enrolled/, /^after repair without a journal, journal$/, 'content'],
];

const folder = goldenPath('cloud/upgrade');
const stories = existsSync(folder) ? readdirSync(folder).filter((name) => name !== 'legacy-findings.json') : [];

function reasonOf(story: string, { at }: Difference): Reason | undefined {
  return BETTER.find(([ofStory, place]) => ofStory.test(story) && place.test(at))?.[2];
}

describe('the stories of an upgrade, against the Go program', () => {
  const counted = new Map<Reason, number>();
  let compared = 0;

  if (stories.length === 0) it('is skipped: golden/cloud is absent', () => console.log('golden/cloud is absent: skipped'));

  it.each(stories)('ends as recorded, or better for a reason: %s', async (name) => {
    const steps = readStory(goldenPath('cloud/upgrade', name));
    const story = new UpgradeStory(await loadDatabaseKit(WASM_PATH), steps);
    await story.play(steps);
    compared += story.compared;
    const unexplained = story.differences.filter((difference) => reasonOf(name, difference) === undefined);
    expect(unexplained).toEqual([]);
    for (const difference of story.differences) {
      const reason = reasonOf(name, difference) ?? 'stage';
      counted.set(reason, (counted.get(reason) ?? 0) + 1);
      if (reason === 'snapshot') expect(difference.ours).not.toContain('"cloud_config_present":false');
    }
  });

  afterAll(() => {
    if (stories.length === 0) return;
    const better = Array.from(counted, ([reason, times]) => `${times} ${REASONS[reason]}`);
    console.log(`upgrade stories: ${stories.length}, ${compared} outcomes compared; better:\n  ${better.join('\n  ')}`);
    expect(stories).toHaveLength(17);
    expect(Object.fromEntries(counted)).toEqual({
      config: 2,
      content: 1,
      directory: 50,
      payloads: 23,
      resumed: 3,
      snapshot: 47,
      stage: 18,
      state: 9,
    });
  });
});
