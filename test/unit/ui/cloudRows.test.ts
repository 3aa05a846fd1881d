import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CloudState, CloudSyncNote, CloudUpgradeNote } from '../../../src/engine/cloud/cloudState.ts';
import type { SessionSnapshot } from '../../../src/host/session.ts';
import type { CloudPlace } from '../../../src/ui/cloudCondition.ts';
import { serverProblem } from '../../../src/ui/cloudInput.ts';
import { cloudMessage, cloudRows } from '../../../src/ui/cloudRows.ts';
import type { Row } from '../../../src/ui/rows.ts';
import { calendar, english, ROOT, snapshot } from './folderSnapshots.ts';

const NOW = Date.parse('2026-02-01T09:00:00Z');
const place: CloudPlace = { server: 'https://cloud.example/base', isConnected: true, automatic: false };
const healthy: CloudSyncNote = {
  lifecycle: 'healthy',
  consecutiveFailures: 0,
  backoffUntil: '',
  lastError: '',
  updatedAt: '2026-02-01 08:30:00',
  reasonCode: '',
  reasonMessage: '',
};
const enrolled: CloudState = {
  server: place.server,
  offeredServer: '',
  project: 'shop',
  enrolled: true,
  toSend: 0,
  promptsHere: 0,
  sync: healthy,
};
const noted = (note: Partial<CloudSyncNote>): Partial<CloudState> => ({ sync: { ...healthy, lifecycle: 'degraded', ...note } });
const upgrade = (stage: CloudUpgradeNote['stage'], reasonCode = ''): Partial<CloudState> => ({
  upgrade: { stage, repairClass: 'repairable', reasonCode, reasonMessage: 'It said so.', canRollBack: true },
});
const answer = (toFetch: number): Partial<CloudState> => ({ asked: { atMs: NOW, toFetch, reasonCode: '' } });
const failed = (
  code: 'cloud-unreachable' | 'cloud-answer' | 'cloud-refused' | 'cloud-config',
  reasonCode: string,
): Partial<CloudState> => ({
  asked: { atMs: NOW, toFetch: 0, reasonCode, problem: { code, severity: 'error', message: 'It says no' } },
});

const stands = (cloud: Partial<CloudState>, rest: Partial<SessionSnapshot> = {}): SessionSnapshot =>
  snapshot({}, { cloud: { ...enrolled, ...cloud }, isConsented: true, ...rest });
const rowsOf = (one: SessionSnapshot, where = place): readonly Row[] =>
  cloudRows({ t: english, calendar, place: where, nowMs: NOW }, [{ root: ROOT, snapshot: one }]);
const stateOf = (one: SessionSnapshot, where = place): Row => {
  const [first] = rowsOf(one, where);
  if (!first) throw new Error('there is no row');
  return first;
};
/** What a click leads to, each once. */
const commandsOf = (rows: readonly Row[]): string[] =>
  rows.flatMap(({ target }) => (target.kind === 'notice' && target.action?.kind === 'cloud' ? [target.action.command] : []));

describe('the view Cloud', () => {
  it('has no row without a server: the welcome stands there', () => {
    expect(rowsOf(stands({}), { ...place, server: '' })).toEqual([]);
    expect(rowsOf(snapshot({ mode: 'browse' }, { cloud: enrolled }))).toEqual([]);
    expect(rowsOf(snapshot({ folder: 'foreign' }))).toEqual([]);
  });

  it.each<[string, SessionSnapshot, CloudPlace, RegExp, string]>([
    ['No token', stands({}), { ...place, isConnected: false }, /No token was entered for cloud\.example\. Nothing is sent/, 'connectCloud'],
    ['Not enrolled', stands({ enrolled: false }), place, /“shop” takes no part/, 'enrollProject'],
    ['2 to send', stands({ toSend: 2 }), place, /wait to be sent/, 'syncCloud'],
    ['2 to send, 3 to fetch', stands({ toSend: 2, ...answer(3) }), place, /wait to be sent/, 'syncCloud'],
    ['3 to fetch', stands(answer(3)), place, /your team’s to be fetched/, 'syncCloud'],
    ['Up to date', stands({}), place, /Last sync: Feb 1, 2026, 8:30\sAM/, 'syncCloud'],
    ['Up to date', stands({ sync: { ...healthy, lifecycle: 'idle' } }), place, /Nothing waits/, 'syncCloud'],
    ['Token refused', stands(noted({ reasonCode: 'auth_required' })), place, /kept here/, 'connectCloud'],
    ['Token refused', stands(failed('cloud-refused', 'auth_required')), place, /kept here/, 'connectCloud'],
    ['Project refused', stands(noted({ reasonCode: 'policy_forbidden' })), place, /ask whoever runs the server/, 'syncCloud'],
    ['Paused by the server', stands({ ...noted({ reasonCode: 'paused' }), ...answer(0) }), place, /paused on the server/, 'syncCloud'],
    ['Address not usable', stands(failed('cloud-config', 'cloud_config_error')), place, /Nothing was sent/, 'connectCloud'],
    ['Cloud not reachable', stands(noted({ reasonCode: 'transport_failed' })), place, /goes with the next sync\.$/, 'syncCloud'],
    ['Cloud not reachable', stands(failed('cloud-unreachable', 'transport_failed')), place, /kept here/, 'syncCloud'],
    ['Not understood', stands(failed('cloud-answer', 'transport_failed')), place, /cloud\.example is no Engram/, 'syncCloud'],
    ['Refused by the cloud', stands(failed('cloud-refused', 'transport_failed')), place, /It says no/, 'syncCloud'],
    ['Ready to upgrade', stands({ enrolled: false, ...upgrade('doctor_ready') }), place, /“shop” can go to the cloud/, 'bootstrapCloud'],
    ['Upgrade not finished', stands(upgrade('bootstrap_enrolled')), place, /not everything was sent/, 'bootstrapCloud'],
    ['Upgrade not finished', stands(upgrade('bootstrap_pushed')), place, /not checked yet/, 'bootstrapCloud'],
    ['Up to date', stands(upgrade('bootstrap_verified')), place, /Last sync/, 'syncCloud'],
    ['Not enrolled', stands({ enrolled: false, ...upgrade('rolled_back') }), place, /takes no part/, 'enrollProject'],
  ])('says %s, what is safe, and the one next thing', (label, one, where, sentence, command) => {
    const row = stateOf(one, where);
    expect(row.label).toBe(label);
    const detail = row.tooltip.split('\n')[1] ?? '';
    expect(detail).toMatch(sentence);
    expect(row.description).toBe('');
    expect(commandsOf(rowsOf(one, where))).toEqual([`engram.${command}`]);
    expect(row.spoken).toBe(`${label}. ${detail}`);
    expect(cloudMessage({ t: english, calendar, place: where, nowMs: NOW }, [{ root: ROOT, snapshot: one }])).toBe(detail);
  });

  it('calls a project that only has to be enrolled ready, and one with a real obstacle stopped', () => {
    const unenrolled = upgrade('doctor_blocked', 'upgrade_repairable_unenrolled');
    const ready = rowsOf(stands({ enrolled: false, ...unenrolled }));
    expect(ready.map(({ label, description }) => `${label} ${description}`.trim())).toEqual([
      'Ready to upgrade',
      'Bootstrap the upgrade…',
      'cloud.example connected',
      'shop not enrolled',
      'Upgrade diagnosed, ready',
    ]);
    expect(stateOf(stands(unenrolled)).label).toBe('Up to date');
    const stopped = rowsOf(stands(upgrade('doctor_blocked', 'upgrade_blocked_legacy_mutation_manual')));
    expect([stopped[0]?.label, commandsOf(stopped)]).toEqual(['Upgrade stopped', ['engram.diagnoseCloudUpgrade']]);
  });

  it('takes an answer of the server for newer than what a sync has noted', () => {
    expect(stateOf(stands({ ...noted({ reasonCode: 'auth_required' }), ...answer(0) })).label).toBe('Up to date');
    const away = { ...noted({ reasonCode: 'auth_required' }), ...failed('cloud-unreachable', 'transport_failed') };
    expect(stateOf(stands(away)).label).toBe('Cloud not reachable');
  });

  it('says when it tries again by itself, and only then', () => {
    const problem = { code: 'cloud-unreachable', severity: 'warning', message: 'It cannot be reached.' } as const;
    const run = (nextAtMs: number) => ({ automaticRun: { atMs: NOW - 1000, outcome: { problem }, nextAtMs } });
    const note = noted({ reasonCode: 'transport_failed' });
    const automatic = { ...place, automatic: true };
    expect(stateOf(stands(note, run(NOW + 30_000)), automatic).tooltip).toMatch(/Next try: Feb 1, 2026, 9:00:30\sAM\.$/);
    expect(stateOf(stands(note, run(NOW + 30_000))).tooltip).not.toContain('Next try');
    expect(stateOf(stands(note, run(NOW - 1)), automatic).tooltip).not.toContain('Next try');
    expect(stateOf(stands(note), automatic).tooltip).not.toContain('Next try');
  });

  it('waits for nothing where the database cannot be used', () => {
    const { label, tooltip } = stateOf(snapshot({ database: 'tracked' }));
    expect([label, tooltip]).toEqual(['Database not usable', expect.stringContaining('nothing is sent or fetched')]);
    expect(stateOf(snapshot()).label).toBe('Reading');
  });

  it('names server, project, upgrade, and what the last automatic sync did', () => {
    const exported = { chunkIds: ['a'], sessions: 0, memories: 2, prompts: 0, mutations: 4, deletes: 1, personal: 0, heldBack: 0 };
    const imported = { chunks: 1, sessions: 0, memories: 1, prompts: 0, relations: 0, edits: 0, deletes: 0, authors: [], problems: [] };
    const run = { atMs: NOW, outcome: { summary: { imported, exported } }, nextAtMs: NOW + 1 };
    const all = rowsOf(stands(upgrade('bootstrap_pushed'), { automaticRun: run }), { ...place, automatic: true });
    expect(all.slice(2).map(({ label, description }) => `${label}: ${description}`)).toEqual([
      'cloud.example: connected',
      'shop: enrolled',
      'Upgrade: sent, not checked',
      expect.stringMatching(/^By itself: fetched 1 memory; sent 2 memories, 1 deletion · Feb 1, 2026, 9:00\sAM$/),
    ]);
    const problem = { code: 'cloud-unreachable', severity: 'warning', message: 'It cannot be reached.' } as const;
    const after = rowsOf(stands({}, { automaticRun: { atMs: NOW, outcome: { problem }, nextAtMs: NOW } }), { ...place, automatic: true });
    expect(after.at(-1)?.description).toMatch(/^It cannot be reached\. · Feb/);
    expect(rowsOf(stands({}), { ...place, automatic: true }).at(-1)?.description).toBe('nothing yet in this window');
  });

  it('says that automatic syncs wait for a person, who starts with one by hand', () => {
    const automatic = { ...place, automatic: true };
    const waits = rowsOf(stands({}, { isConsented: undefined }), automatic).at(-1);
    expect(waits).toMatchObject({
      label: 'By itself',
      description: 'waits for your first sync by hand',
      target: { kind: 'notice', action: { kind: 'cloud', root: ROOT, command: 'engram.syncCloud' } },
    });
    expect(waits?.spoken).toMatch(/^By itself, waits for your first sync by hand\. .*from elsewhere.*Sync with the cloud$/);
    expect(waits?.tooltip.split('\n').at(-1)).toBe('Sync with the cloud');
    expect(rowsOf(stands({}, { isConsented: undefined })).map(({ label }) => label)).not.toContain('By itself');
    const unconnected = rowsOf(stands({}, { isConsented: undefined }), { ...automatic, isConnected: false });
    expect(commandsOf(unconnected)).toEqual(['engram.connectCloud']);
  });

  it('counts the prompts that stay, as a person wants', () => {
    const prompts = (promptsHere: number) => rowsOf(stands({ promptsHere })).find(({ label }) => label === 'Prompts');
    expect(prompts(0)).toBeUndefined();
    expect(prompts(1)?.description).toBe('1 stays here, as you chose');
    expect(prompts(3)?.description).toBe('3 stay here, as you chose');
  });

  it('groups by folder where there are several', () => {
    const sources = ['file:///a/.engram', 'file:///b/.engram'].map((root) => ({ root, snapshot: stands({}) }));
    const all = cloudRows({ t: english, calendar, place, nowMs: NOW }, sources);
    expect(cloudMessage({ t: english, calendar, place, nowMs: NOW }, sources)).toBe('');
    expect(all.map(({ target }) => target.kind)).toEqual(['folder', 'folder']);
    const [first] = all.flatMap(({ children }) => (children === 'contents' ? [] : children));
    expect(first?.description).toMatch(/Last sync/);
    const ids = all.flatMap(({ id, children }) => [id, ...(children === 'contents' ? [] : children.map((row) => row.id))]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('shows what a server or a repository says as text and nothing else', () => {
    const hostile = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('$(x)', '[a](command:b)', '\u202eab', 'a\nb'));
    fc.assert(
      fc.property(hostile, hostile, (project, said) => {
        const states = [stands({ project, ...failed('cloud-refused', said) }), stands({ project, ...upgrade('doctor_blocked', said) })];
        for (const row of states.flatMap((one) => rowsOf(one))) {
          for (const text of [row.label, row.description, row.spoken]) expect(text).not.toMatch(/\n|\$\(|[\u202a-\u202e]/);
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe('the address of a server, as it is typed', () => {
  it.each([
    'https://cloud.example',
    ' https://cloud.example:8443/base/ ',
    'http://127.0.0.1:18080',
    'http://localhost:1',
    'HTTP://[::1]:8080',
  ])('takes %s', (typed) => expect(serverProblem(english, typed)).toBeUndefined());

  it.each([
    '',
    'cloud.example',
    'ftp://cloud.example',
    'http://cloud.example',
    'http://127.0.0.1.evil.example',
    'https://u:p@cloud.example',
  ])('refuses %s', (typed) => expect(serverProblem(english, typed)).toMatch(/./));

  it('refuses what follows the server', () => {
    for (const typed of ['https://cloud.example/?a=1', 'https://cloud.example/#f'])
      expect(serverProblem(english, typed)).toMatch(/without/);
  });
});
