import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CloudState } from '../../../src/engine/cloud/cloudState.ts';
import type { FolderState } from '../../../src/engine/folderState.ts';
import type { SessionSnapshot } from '../../../src/host/session.ts';
import { statusText } from '../../../src/ui/statusText.ts';
import { english, snapshot } from './folderSnapshots.ts';

const status = (...all: SessionSnapshot[]) => statusText(english, all, 'ready');
const problem = { code: 'io-failed', severity: 'error', message: 'Reading failed: $(x)' } as const;

const healing = { entries: 3, unlisted: 0, duplicates: 0, missing: 0, torn: 0, automatic: false } as const;

describe('statusText of one folder', () => {
  it.each<[string, SessionSnapshot]>([
    ['$(sync) Engram: synced', snapshot()],
    ['$(cloud-download) Engram: 2 to import', snapshot({ chunkTotals: { waiting: 2 } })],
    ['$(cloud-upload) Engram: 3 to share', snapshot({ toShare: { memories: 1, edits: 1, deletes: 1, sessions: 1 } })],
    ['$(cloud-upload) Engram: 1 to share', snapshot({ toShare: { sessions: 1 } })],
    ['$(git-commit) Engram: commit to share', snapshot({ git: { uncommitted: 2 } })],
    ['$(warning) Engram: conflict', snapshot({ manifest: 'conflict', chunkTotals: { waiting: 2 } })],
    ['$(warning) Engram: manifest damaged', snapshot({ manifest: 'invalid' })],
    ['$(warning) Engram: manifest damaged', snapshot({ manifest: 'too-large' })],
    ['$(diff-added) Engram: 2 not listed', snapshot({ healing: { ...healing, kinds: ['unlisted'], unlisted: 2 } })],
    [
      '$(cloud-upload) Engram: 1 to share',
      snapshot({ healing: { ...healing, kinds: ['unlisted'], unlisted: 2 }, toShare: { memories: 1 } }),
    ],
    ['$(sync~spin) Engram: repairing', snapshot({}, { activity: { kind: 'healing', done: 0, total: 0 } })],
    ['$(warning) Engram: database blocked', snapshot({ database: 'tracked' })],
    ['$(circle-slash) Engram: not shared', snapshot({ git: { ignored: true }, toShare: { memories: 1 } })],
    ['$(lock) Engram: read-only', snapshot({ database: 'newer', chunkTotals: { waiting: 1 } })],
    ['$(lock) Engram: read-only', snapshot({ manifest: 'newer', toShare: { memories: 1 } })],
    ['$(lock) Engram: read-only', snapshot({}, { failure: { ...problem, code: 'read-only' } })],
    ['$(warning) Engram: disk full', snapshot({}, { failure: { ...problem, code: 'disk-full' } })],
    ['$(warning) Engram: sync failed', snapshot({}, { failure: problem })],
    ['$(warning) Engram: 2 damaged', snapshot({ chunkTotals: { unreadable: 1, altered: 1 } })],
    ['$(warning) Engram: 2 deleted', snapshot({ git: { deleted: 2, uncommitted: 1 }, chunkTotals: { missing: 1 } })],
    ['$(cloud-download) Engram: 1 missing', snapshot({ chunkTotals: { missing: 1 } })],
    ['$(shield) Engram: restricted', snapshot({ mode: 'browse', database: 'closed' })],
    ['$(git-branch) Engram: not on this branch', snapshot({ folder: 'absent-on-branch' })],
    ['$(circle-slash) Engram: not ours', snapshot({ folder: 'foreign' })],
    ['$(sync) Engram: nothing yet', snapshot({ chunkTotals: { all: 0 } })],
    ['$(sync~spin) Engram', { ...snapshot(), state: undefined }],
    ['$(sync~spin) Engram: importing 2/3', snapshot({}, { activity: { kind: 'importing', done: 2, total: 3 } })],
    ['$(sync~spin) Engram: exporting', snapshot({}, { activity: { kind: 'exporting', done: 0, total: 0 } })],
  ])('%s', (text, one) => expect(status(one)?.text).toBe(text));

  it.each(['no-folder', 'virtual'] as const)('is hidden where the window is %s', (kind) => {
    expect(statusText(english, [snapshot()], kind)).toBeUndefined();
  });

  it('is hidden where there is no .engram', () => {
    expect(statusText(english, [], 'not-initialised')).toBeUndefined();
    expect(status(snapshot({ folder: 'absent', chunkTotals: { all: 0 } }))).toBeUndefined();
  });

  it('does nothing on a click while something runs', () => {
    const running = status(snapshot({}, { activity: { kind: 'syncing', done: 0, total: 0 } }));
    expect(running?.command).toBeUndefined();
    expect(status(snapshot())?.command).toBe('engram.syncAll');
  });

  it('shows the warning colour only where a person has to do something', () => {
    expect(status(snapshot({ manifest: 'conflict' }))?.isWarning).toBe(true);
    expect(status(snapshot({}, { failure: problem }))?.isWarning).toBe(false);
    expect(status(snapshot({ chunkTotals: { waiting: 2 } }))?.isWarning).toBe(false);
  });

  it('tells what a click will do, and says it to a screen reader', () => {
    const two = status(snapshot({ chunkTotals: { waiting: 2 } }));
    expect(two?.tooltip).toBe('2 chunks of your team wait to be imported.\nClick to import and share');
    expect(two?.spoken).toBe('Engram, 2 to import, Click to import and share');
  });

  it.each<[SessionSnapshot, string, string]>([
    [snapshot({ manifest: 'conflict' }), 'engram.repairManifest', 'Click to repair'],
    [snapshot({ manifest: 'invalid' }), 'engram.repairManifest', 'Click to repair'],
    [snapshot({ manifest: 'too-large' }), 'engram.chunks.focus', 'Click to see what can be done'],
    [snapshot({ chunkTotals: { missing: 1 } }), 'engram.repairManifest', 'Click to look in git’s history'],
    [snapshot({ healing: { ...healing, kinds: ['unlisted'], unlisted: 2 } }), 'engram.syncAll', 'Click to list and share'],
  ])('leads to the repair with one click', (one, command, hint) => {
    expect(status(one)?.command).toBe(command);
    expect(status(one)?.tooltip.split('\n').at(-1)).toBe(hint);
  });

  it('says when git is not there', () => {
    expect(status(snapshot({ git: { available: false } }))?.tooltip).toContain('Git is not available here');
  });
});

describe('statusText of several folders', () => {
  it('speaks for the most urgent, adds up what waits, and lists each', () => {
    const waiting = snapshot({ chunkTotals: { waiting: 2 } }, { name: 'shop' });
    const other = snapshot({ chunkTotals: { waiting: 1 } }, { name: 'docs' });
    const both = status(waiting, snapshot({}, { name: 'site' }), other);
    expect(both?.text).toBe('$(cloud-download) Engram: 3 to import');
    expect(both?.tooltip.split('\n')).toEqual([
      'shop: 2 chunks of your team wait to be imported.',
      'site: Everything is imported and shared.',
      'docs: 1 chunk of your team waits to be imported.',
      'Click to import and share',
    ]);
  });

  it('does not depend on their order', () => {
    const kinds: readonly FolderState['manifest'][] = ['ok', 'conflict', 'invalid', 'newer', 'absent'];
    const one = fc
      .record({ manifest: fc.constantFrom(...kinds), waiting: fc.nat(2), memories: fc.nat(2) })
      .map(({ manifest, waiting, memories }) => snapshot({ manifest, chunkTotals: { waiting }, toShare: { memories } }));
    fc.assert(
      fc.property(fc.array(one), (all) => {
        expect(status(...all.toReversed())?.text).toBe(status(...all)?.text);
      }),
    );
  });
});

it('never lets a folder name or a failure into the text as an icon or a second line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, message) => {
      const folders = [snapshot({}, { name: `$(x)\n${name}` }), snapshot({}, { failure: { ...problem, message: `$(y)\n${message}` } })];
      const drawn = status(...folders);
      expect(drawn?.text.match(/\$\(/g)).toHaveLength(1);
      expect(drawn?.tooltip).not.toContain('$(');
      expect(drawn?.tooltip.split('\n')).toHaveLength(3);
    }),
  );
});

describe('statusText of a folder that takes part in the cloud', () => {
  const cloud = { server: 'https://cloud.example', offeredServer: '', project: 'shop', enrolled: true, toSend: 0, promptsHere: 0 };
  const inCloud = (change: Partial<CloudState>, state: Parameters<typeof snapshot>[0] = {}, isConsented = true): SessionSnapshot =>
    snapshot({ toShare: { memories: 2 }, ...state }, { cloud: { ...cloud, ...change }, ...(isConsented && { isConsented }) });
  const asked = (toFetch: number) => ({ asked: { atMs: 0, toFetch, reasonCode: '' } });
  const noChunks = { chunkTotals: { all: 0, imported: 0 } };

  it.each<[string, SessionSnapshot, string]>([
    ['$(cloud-upload) Engram: 2 to send', inCloud({ toSend: 2, ...asked(1) }, noChunks), '2 changes wait to be sent to the cloud.'],
    ['$(cloud-upload) Engram: 1 to send', inCloud({ toSend: 1 }, noChunks), '1 change waits to be sent to the cloud.'],
    ['$(cloud-download) Engram: 1 to fetch', inCloud(asked(1), noChunks), '1 chunk of your team waits in the cloud.'],
    ['$(cloud) Engram: synced', inCloud({}, noChunks), 'The cloud has everything that you share.'],
    ['$(cloud) Engram: synced', inCloud({}, { ...noChunks, git: { ignored: true } }), 'The cloud has everything that you share.'],
  ])('%s, where no chunk stands in it', (text, one, sentence) => {
    const shown = status(one);
    expect([shown?.text, shown?.command]).toEqual([text, 'engram.syncCloud']);
    expect(shown?.tooltip).toBe(`${sentence}\nClick to sync with the cloud`);
  });

  it('speaks of git where git has chunks, and of the cloud in the tooltip', () => {
    const both = status(inCloud({ toSend: 2, ...asked(1) }));
    expect(both?.text).toBe('$(cloud-upload) Engram: 2 to share');
    expect(both?.tooltip).toBe('2 changes are not shared yet. Cloud: 2 to send, 1 to fetch.\nClick to write what is new into a chunk');
    expect(status(inCloud({}))?.tooltip).not.toContain('Cloud');
  });

  it('speaks of git where only the database says that it takes part', () => {
    const unsaid = status(inCloud({ toSend: 2 }, noChunks, false));
    expect([unsaid?.text, unsaid?.command]).toEqual(['$(cloud-upload) Engram: 2 to share', 'engram.syncAll']);
    expect(unsaid?.tooltip).not.toContain('Cloud');
  });

  it('says first what stands in the way', () => {
    expect(status(inCloud({ toSend: 2 }, { ...noChunks, database: 'tracked' }))?.text).toBe('$(warning) Engram: database blocked');
    expect(status(inCloud({ toSend: 2 }, noChunks), snapshot({ manifest: 'conflict' }))?.text).toBe('$(warning) Engram: conflict');
  });
});
