import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ModelFolder } from '../../models/chunkFolder.ts';
import type { Member, Release } from '../../models/member.ts';
import { exportFolder, importFolder, newMember } from '../../models/teammate.ts';
import { memoryRecord, mutationRecord, putFolder, sessionRecord } from '../../support/chunks.ts';
import { engramFolder, openIn, putChunk, putManifest } from '../../support/folder.ts';

/** The folder on disk, as a teammate's model reads it. */
function modelOf(root: string): ModelFolder {
  const names = existsSync(join(root, 'chunks')) ? readdirSync(join(root, 'chunks')) : [];
  const chunks = names.map((name) => [name.replace('.jsonl.gz', ''), gunzipSync(readFileSync(join(root, 'chunks', name)))] as const);
  return { manifest: readFileSync(join(root, 'manifest.json'), 'utf8'), chunks: new Map(chunks) };
}

/** What a teammate's model has written goes to disk. */
function write(folder: ModelFolder, root: string): void {
  for (const [id, json] of folder.chunks) putChunk(root, id, Buffer.from(json).toString('utf8'));
  putManifest(root, folder.manifest ?? '');
}

/** Teammates whose clocks agree, and never stand still. */
function office(): (release: Release) => Member {
  let now = Date.UTC(2026, 0, 1);
  let random = 0;
  const tick = (): number => {
    now += 60_000;
    return now;
  };
  return (release) => newMember(release, tick, (bytes) => (random++).toString(16).padStart(bytes * 2, '0'));
}

const titles = ({ database }: Member): string[] => [...database.observations.values()].map(({ title }) => title).toSorted();

describe('a repair of the doctor helps the teammate it is for', () => {
  it('sessions in front: Engram 1.14 gets past the chunk, and everything behind it', async () => {
    const teammate = office();
    const root = engramFolder();
    putFolder(root, [
      { observations: [memoryRecord('obs-1', { session_id: 'nowhere' }), memoryRecord('obs-2')] },
      { sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-3')] },
    ]);
    const old = teammate('v1.14.0');
    expect(importFolder(old, modelOf(root))).toMatchObject({ error: expect.stringContaining('FOREIGN KEY') });
    expect(titles(old)).toEqual([]);
    const newer = teammate('v1.16.1');
    expect(importFolder(newer, modelOf(root))).toHaveProperty('ok');
    const before = titles(newer);

    const ours = openIn(root);
    await ours.importChunks({});
    expect((await ours.repairHealth(['sessions-in-front'])).done).toEqual(['sessions-in-front']);

    expect(importFolder(old, modelOf(root))).toHaveProperty('ok');
    expect(titles(old)).toEqual(['Title of obs-1', 'Title of obs-2', 'Title of obs-3']);
    expect(importFolder(newer, modelOf(root))).toHaveProperty('ok');
    expect(titles(newer)).toEqual(before);
    expect(importFolder(teammate('v1.16.1'), modelOf(root))).toHaveProperty('ok');
  });

  it('one hard delete: two members with Engram 1.16 stop exchanging the deletion', async () => {
    const teammate = office();
    const root = engramFolder();
    const deletion = { sync_id: 'obs-1', session_id: 's1', deleted: true, deleted_at: '2025-01-02 00:00:00', hard_delete: false };
    putFolder(root, [
      { sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-1')] },
      { sessions: [sessionRecord('s1')], mutations: [mutationRecord('observation', 'obs-1', 'delete', deletion)] },
    ]);
    const members = [teammate('v1.16.1'), teammate('v1.16.1')];
    /** @returns chunks that a round of everybody's sync has added */
    const round = (): number => {
      const folder = modelOf(root);
      const before = folder.chunks.size;
      for (const member of members) {
        expect(importFolder(member, folder)).toHaveProperty('ok');
        expect(exportFolder(member, folder, 'member')).toHaveProperty('ok');
      }
      write(folder, root);
      return folder.chunks.size - before;
    };
    const looping = [round(), round(), round(), round()];
    expect(Math.min(...looping), looping.join()).toBeGreaterThan(0);

    const ours = openIn(root);
    await ours.importChunks({});
    expect((await ours.doctor()).findings.map(({ code }) => code)).toContain('older-soft-delete');
    await ours.repairHealth(['hard-deletes']);
    const after = [round(), round(), round()];
    expect(after.slice(1), after.join()).toEqual([0, 0]);
    expect((await ours.sync({})).exported.chunkIds).toEqual([]);
    expect((await ours.doctor()).findings.map(({ code }) => code)).not.toContain('older-soft-delete');
  });

  it('a raised version: older teammates read the manifest as before', async () => {
    const teammate = office();
    const root = engramFolder();
    putFolder(root, [{ sessions: [sessionRecord('s1', { ownership_mode: 'shared' })], observations: [memoryRecord('obs-1')] }], {
      version: 1,
    });
    await openIn(root).repairHealth(['raise-version']);
    for (const release of ['v1.14.0', 'v1.16.1'] as const) {
      const member = teammate(release);
      expect(importFolder(member, modelOf(root))).toHaveProperty('ok');
      expect(titles(member)).toEqual(['Title of obs-1']);
    }
  });
});
