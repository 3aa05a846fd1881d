import type { ChunkRow, FolderState } from '../../../src/engine/folderState.ts';
import type { SessionSnapshot } from '../../../src/host/session.ts';
import type { Translate } from '../../../src/ui/translate.ts';

/** English as `vscode.l10n.t` gives it: placeholders filled in one pass. */
export const english: Translate = (message, ...args) => message.replace(/\{(\d)\}/g, (whole, index) => `${args[Number(index)] ?? whole}`);

export const calendar = { locale: 'en', timeZone: 'UTC' };
export const drawing = { t: english, calendar };
export const ROOT = 'file:///shop/.engram';

const totals = { all: 1, imported: 1, waiting: 0, missing: 0, unreadable: 0, altered: 0, uncommitted: 0 };
const toShare = { memories: 0, prompts: 0, sessions: 0, relations: 0, edits: 0, deletes: 0, personal: 0, noLongerShared: 0, heldBack: 0 };

/** A folder where everything is imported and shared; only what differs is named by a test. */
type Differences = Partial<Omit<FolderState, 'chunkTotals' | 'toShare' | 'git'>> & {
  readonly chunkTotals?: Partial<FolderState['chunkTotals']>;
  readonly toShare?: Partial<FolderState['toShare']>;
  readonly git?: Partial<FolderState['git']>;
};

export function folderState(differences: Differences = {}): FolderState {
  return {
    root: '/shop/.engram',
    mode: 'full',
    folder: 'ok',
    manifest: 'ok',
    database: 'ok',
    chunks: [],
    totals: { sessions: 0, observations: 0, prompts: 0, relations: 0 },
    kept: 0,
    problems: [],
    ...differences,
    chunkTotals: { ...totals, ...differences.chunkTotals },
    toShare: { ...toShare, ...differences.toShare },
    git: { available: true, branch: 'main', ignored: false, uncommitted: 0, deleted: 0, ...differences.git },
  };
}

export function snapshot(differences: Differences = {}, rest: Partial<SessionSnapshot> = {}): SessionSnapshot {
  return { name: 'shop', state: folderState(differences), activity: { kind: 'idle', done: 0, total: 0 }, failure: undefined, ...rest };
}

export function chunk(differences: Partial<ChunkRow> = {}): ChunkRow {
  return {
    id: 'a3f8c1d2',
    state: 'imported',
    waiting: false,
    createdBy: 'ana',
    createdAt: '2026-02-01T09:00:00Z',
    sessions: 1,
    memories: 3,
    prompts: 0,
    uncommitted: false,
    ...differences,
  };
}
