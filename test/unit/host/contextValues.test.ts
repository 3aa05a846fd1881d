import { describe, expect, it } from 'vitest';
import type { FolderState } from '../../../src/engine/folderState.ts';
import { contextValues as valuesOf } from '../../../src/host/contextValues.ts';
import { describeWindow } from '../../../src/host/diagnostics.ts';
import { keepFolderName } from '../../../src/host/keepFolder.ts';
import type { Activity, SessionSnapshot, WorkspaceKind } from '../../../src/host/session.ts';
import { emptyState } from './fakeFolder.ts';

const snapshot = (state: Partial<FolderState> | undefined, kind: Activity['kind'] = 'idle'): SessionSnapshot => ({
  name: 'secret project',
  state: state && { ...emptyState, ...state },
  activity: { kind, done: 0, total: 0 },
  failure: undefined,
});
const totals = (waiting: number, all = waiting) => ({ chunkTotals: { ...emptyState.chunkTotals, waiting, all } });

const noCloud = { server: '', isConnected: false };
const contextValues = (kind: WorkspaceKind, snapshots: readonly SessionSnapshot[]) => valuesOf(kind, snapshots, noCloud);

describe('contextValues', () => {
  it('says that all is empty only when all was looked at', () => {
    expect(contextValues('ready', [snapshot({})])['engram.empty']).toBe(true);
    expect(contextValues('ready', [snapshot({}), snapshot(undefined)])['engram.empty']).toBe(false);
    expect(contextValues('ready', [snapshot({}), snapshot(totals(0, 4))])['engram.empty']).toBe(false);
    expect(contextValues('ready', [snapshot({ folder: 'foreign' })])['engram.empty']).toBe(false);
    expect(contextValues('not-initialised', [])['engram.empty']).toBe(false);
  });

  it('names the folder that needs a person most', () => {
    expect(contextValues('ready', [])['engram.folder']).toBe('ok');
    const snapshots = [snapshot({}), snapshot({ folder: 'absent-on-branch' }), snapshot({ folder: 'foreign' })];
    expect(contextValues('ready', snapshots)['engram.folder']).toBe('foreign');
  });

  it('knows how memories can be written, by the folder that can do most', () => {
    const [program, none] = [snapshot({ program: { path: '/bin/engram' } }), snapshot({ program: { path: '', problem: 'not-found' } })];
    const writes = (...snapshots: readonly SessionSnapshot[]) => contextValues('ready', snapshots)['engram.writes'];
    expect([writes(), writes(snapshot(undefined)), writes(snapshot({})), writes(snapshot({}), program)]).toEqual(Array(4).fill('full'));
    expect([writes(program), writes(program, none)]).toEqual(['program', 'program']);
    expect(writes(none)).toBe('none');
  });

  it('knows what can be repaired, but not in Restricted Mode', () => {
    const healing = { kinds: ['conflict'], entries: 2, unlisted: 0, duplicates: 0, missing: 0, torn: 0, automatic: false } as const;
    expect(contextValues('ready', [snapshot({})])['engram.repairable']).toBe(false);
    expect(contextValues('ready', [snapshot({}), snapshot({ healing })])['engram.repairable']).toBe(true);
    expect(contextValues('restricted', [snapshot({ healing, mode: 'browse' })])['engram.repairable']).toBe(false);
  });

  it('knows of pending chunks and of work in any folder; a first look is no work', () => {
    expect(contextValues('ready', [snapshot({}), snapshot(totals(2))])).toMatchObject({ 'engram.pending': true, 'engram.syncing': false });
    expect(contextValues('ready', [snapshot({}, 'opening')])['engram.syncing']).toBe(false);
    expect(contextValues('ready', [snapshot({}), snapshot({}, 'importing')])['engram.syncing']).toBe(true);
  });
});

describe('contextValues of the cloud', () => {
  const cloud = { server: 'https://cloud.example', offeredServer: '', project: 'shop', enrolled: true, toSend: 0, promptsHere: 0 };
  const of = (snapshots: readonly SessionSnapshot[], place = noCloud) => {
    const values = valuesOf('ready', snapshots, place);
    return (['server', 'connected', 'enrolled', 'upgrading'] as const).filter((name) => values[`engram.cloud.${name}`]);
  };

  it('opens commands only where they can do something', () => {
    const server = cloud.server;
    const upgrade = { stage: 'bootstrap_pushed', repairClass: 'repairable', reasonCode: '', reasonMessage: '', canRollBack: true } as const;
    expect(of([snapshot({})])).toEqual([]);
    expect(of([{ ...snapshot({}), cloud: { ...cloud, enrolled: false } }], { server, isConnected: false })).toEqual(['server']);
    expect(of([snapshot({}), { ...snapshot({}), cloud }], { server, isConnected: true })).toEqual(['server', 'connected', 'enrolled']);
    expect(of([{ ...snapshot({}), cloud: { ...cloud, upgrade } }])).toEqual(['enrolled', 'upgrading']);
  });

  it('tells projects that go through the cloud alone from those that git has chunks of', () => {
    const alone = (...snapshots: SessionSnapshot[]) => contextValues('ready', snapshots)['engram.cloud.alone'];
    const consented = (state: Partial<FolderState>): SessionSnapshot => ({ ...snapshot(state), cloud, isConsented: true });
    expect(alone(consented({}))).toBe(true);
    expect(alone()).toBe(false);
    expect(alone(consented(totals(0, 4)))).toBe(false);
    expect(alone({ ...snapshot({}), cloud })).toBe(false);
    expect(alone(consented({}), snapshot({}))).toBe(false);
  });
});

describe('describeWindow', () => {
  it('has counts and codes, and neither names nor paths nor authors', () => {
    const settings = {
      autoImport: 'on',
      author: 'Secret Person',
      includePersonal: false,
      limits: { maxChunkBytes: 33_554_432, maxManifestBytes: 16_777_216 },
      cloud: { server: 'https://secret.example', project: 'secret', autosync: false },
      database: 'workspace',
      isDatabaseSet: false,
      programPath: '/secret/engram',
    } as const;
    const state = {
      ...totals(3, 7),
      problems: [{ code: 'chunk-corrupt', severity: 'error', message: 'secret', subject: 'secret' }],
    } as const;
    const text = describeWindow({
      version: '0.1.0',
      editor: '1.103.0',
      platform: 'linux x64',
      kind: 'ready',
      hasGitPath: true,
      sessions: [
        { snapshot: snapshot(state), settings },
        { snapshot: snapshot(undefined), settings },
      ],
    });
    expect(text).toContain('chunks: all 7, imported 0, waiting 3');
    expect(text).toContain('problems: chunk-corrupt');
    expect(text).toContain('author set');
    expect(text.toLowerCase()).not.toContain('secret');
    expect(text).not.toContain(emptyState.root);
  });
});

describe('keepFolderName', () => {
  it('is a plain name, the same on every start', () => {
    // Offset basis and first test vector of FNV-1a 64: http://www.isthe.com/chongo/tech/comp/fnv/
    expect(keepFolderName('')).toBe('kept-cbf29ce484222325');
    expect(keepFolderName('a')).toBe('kept-af63dc4c8601ec8c');
  });
});
