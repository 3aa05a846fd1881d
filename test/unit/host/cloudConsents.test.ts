import { describe, expect, it } from 'vitest';
import type { CloudState } from '../../../src/engine/cloud/cloudState.ts';
import type { LiveMemories } from '../../../src/engine/folderState.ts';
import { maySyncByItself } from '../../../src/host/automaticSync.ts';
import { CloudConsents } from '../../../src/host/cloudConsents.ts';
import type { SessionSnapshot } from '../../../src/host/session.ts';
import { emptyState } from './fakeFolder.ts';
import { FakeStorage } from './fakeStorage.ts';

const ROOT = '/project/.engram';
const live: LiveMemories = { path: '/x', project: 'shop', mayExport: true, heldBack: { chunkIds: [], changes: 0, chunks: [] } };

/** A folder whose database says that its project is enrolled. */
function snapshot(cloud: Partial<CloudState> = {}, rest: Partial<SessionSnapshot> = {}): SessionSnapshot {
  const enrolled = { offeredServer: '', project: 'shop', enrolled: true, toSend: 1, promptsHere: 0 };
  return {
    name: 'project',
    state: emptyState,
    activity: { kind: 'idle', done: 0, total: 0 },
    failure: undefined,
    cloud: { server: 'https://cloud.example/base', ...enrolled, ...cloud },
    ...rest,
  };
}

describe('what a person has let take part in the cloud', () => {
  it('is nothing that a database says by itself', async () => {
    const consents = new CloudConsents(new FakeStorage());
    expect(consents.has(ROOT, snapshot())).toBe(false);
    await consents.give(ROOT, snapshot());
    expect(consents.has(ROOT, snapshot())).toBe(true);
    expect(consents.has('/other/.engram', snapshot())).toBe(false);
  });

  it('is one project, on one server, from one kind of memories', async () => {
    const consents = new CloudConsents(new FakeStorage());
    await consents.give(ROOT, snapshot());
    expect(consents.has(ROOT, snapshot({ server: 'https://cloud.example/elsewhere', toSend: 5 }))).toBe(true);
    expect(consents.has(ROOT, snapshot({ project: 'bank' }))).toBe(false);
    expect(consents.has(ROOT, snapshot({ server: 'https://other.example' }))).toBe(false);
    expect(consents.has(ROOT, snapshot({ enrolled: false }))).toBe(false);
    expect(consents.has(ROOT, snapshot({}, { state: { ...emptyState, live } }))).toBe(false);
  });

  it('ends when they withdraw it', async () => {
    const consents = new CloudConsents(new FakeStorage());
    await consents.give(ROOT, snapshot());
    await consents.withdraw(ROOT);
    expect(consents.has(ROOT, snapshot())).toBe(false);
  });

  it('is not given for what takes no part', async () => {
    const consents = new CloudConsents(new FakeStorage());
    for (const one of [snapshot({ enrolled: false }), snapshot({}, { cloud: undefined }), snapshot({ server: 'nonsense' })]) {
      await consents.give(ROOT, one);
      expect(consents.has(ROOT, one)).toBe(false);
    }
  });

  it.each([null, 'yes', true, 7, {}, { project: 'shop' }, { project: 'shop', server: 1, database: 'workspace' }])(
    'is not read from %j',
    async (kept) => {
      const storage = new FakeStorage();
      await storage.update(`engram.cloudConsent:${ROOT}`, kept);
      expect(new CloudConsents(storage).has(ROOT, snapshot())).toBe(false);
    },
  );
});

describe('a sync with the cloud that nobody asked for', () => {
  it('needs an enrolled project, a person’s consent, and rest', () => {
    const isConsented = true;
    expect(maySyncByItself(snapshot({}, { isConsented }))).toBe(true);
    expect(maySyncByItself(snapshot())).toBe(false);
    expect(maySyncByItself(snapshot({ enrolled: false }, { isConsented }))).toBe(false);
    expect(maySyncByItself(snapshot({}, { isConsented, cloud: undefined }))).toBe(false);
    expect(maySyncByItself(snapshot({}, { isConsented, activity: { kind: 'saving', done: 0, total: 0 } }))).toBe(false);
  });
});
