import type { ExportPreview } from '../engine/exportPreview.ts';
import type { DatabaseChoice } from '../engine/folderRequests.ts';
import type { ChunkRow, FolderState, HeldBackChunk } from '../engine/folderState.ts';
import { authorText, type Drawing } from './chunkStates.ts';
import { contentOf, memoryCount } from './counts.ts';
import { momentText } from './moments.ts';
import { LABEL_LENGTH, plain } from './plainText.ts';
import type { Translate } from './translate.ts';

/** Which memories are in use, as one sentence; `''` where there is only one kind of them on this machine. */
export function databaseText(t: Translate, { live, liveFound }: Pick<FolderState, 'live' | 'liveFound'>): string {
  if (live) return t('Memories of the Engram program, project “{0}”.', plain(live.project, LABEL_LENGTH));
  return liveFound === undefined ? '' : t('Memories of this folder alone, not those of the Engram program.');
}

/** As {@link databaseText}, as a view's title has room for it. */
export function databaseLabel(t: Translate, { live, liveFound }: Pick<FolderState, 'live' | 'liveFound'>): string {
  if (live) return t('Engram program: {0}', plain(live.project, LABEL_LENGTH));
  return liveFound === undefined ? '' : t('this folder’s own');
}

/** @param wanted what a person, or the setting, says: the Engram program's may be chosen and not be there */
export function databaseInUse(wanted: DatabaseChoice, live: FolderState['live']): 'workspace' | 'live' {
  return wanted === 'live' || (wanted === 'auto' && live) ? 'live' : 'workspace';
}

export interface DatabaseItem {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  readonly database: 'workspace' | 'live';
}

/** The two that a person chooses between, the one in use first. */
export function databaseItems(t: Translate, inUse: 'workspace' | 'live'): readonly DatabaseItem[] {
  const description = (database: 'workspace' | 'live'): string => (database === inUse ? t('in use') : '');
  const workspace: DatabaseItem = {
    label: t('This Folder’s Own Memories'),
    description: description('workspace'),
    detail: t('A database in .engram. Agents that use the Engram program see nothing of it.'),
    database: 'workspace',
  };
  const live: DatabaseItem = {
    label: t('Memories of the Engram Program'),
    description: description('live'),
    detail: t('Agents find what your team shares. Only this project’s memories leave.'),
    database: 'live',
  };
  return inUse === 'live' ? [live, workspace] : [workspace, live];
}

/** After a change: which memories are in use, and what became of the others; `''` where they cannot be opened, which is told elsewhere. */
export function changedDatabaseText(t: Translate, picked: 'workspace' | 'live', state: FolderState | undefined): string {
  const isOpen =
    state && state.database !== 'unreadable' && state.database !== 'not-a-file' && (state.live ? 'live' : 'workspace') === picked;
  if (!isOpen) return '';
  return picked === 'live'
    ? t('The memories of the Engram program are in use now. Nothing was copied: the folder’s own stay where they are.')
    : t('This folder’s own memories are in use now. Nothing was copied: those of the Engram program stay where they are.');
}

/** What would leave, as lines for a question. @param cloud host of the server that gets it, too; `''`: none */
export function previewLines(t: Translate, preview: ExportPreview, cloud = ''): string {
  const { project, byProject, byType, byAuthor, prompts, personal, relations, edits, deletes } = preview;
  const named = (name: string, count: number): string => `${plain(name, LABEL_LENGTH)}: ${memoryCount(t, count)}`;
  const types = byType.filter(({ name }) => name !== 'prompt').map(({ name, count }) => named(name || t('no type'), count));
  const others = byProject.filter(({ name }) => name !== '' && name !== project).map(({ name, count }) => named(name, count));
  const rest = contentOf(t, { memories: 0, prompts: 0, relations, edits, deletes });
  const lines = [...types, ...others, ...(prompts > 0 ? [t('Prompts, what you typed to agents: {0}', prompts)] : [])];
  const author = byAuthor[0]?.name;
  const where =
    author !== undefined
      ? t('As {0}. It goes into .engram, which git shares with everybody who has the repository.', plain(author, LABEL_LENGTH))
      : rest === ''
        ? t('Nothing new would go into .engram now. What is saved later does, and git shares it with everybody who has the repository.')
        : t('It goes into .engram, which git shares with everybody who has the repository.');
  if (rest !== '') lines.push(rest);
  return [
    where,
    ...(cloud === '' ? [] : [t('Each sync with the cloud sends {0} what it does not have of this project.', cloud)]),
    '',
    ...(lines.length === 0 ? [] : [...lines, '']),
    ...(personal > 0 ? [t('Personal memories that stay here: {0}', personal)] : []),
    t('Nothing of other projects leaves. The answer is kept for this folder; “Engram: Choose What Is Shared…” changes it.'),
  ].join('\n');
}

export interface HeldBackItem {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  readonly id: string;
}

/** Chunks that wait for a person: who wrote each, when, and which memories of other projects it would change or delete. */
export function heldBackItems(
  { t, calendar }: Drawing,
  heldBack: readonly HeldBackChunk[],
  chunks: readonly ChunkRow[],
): readonly HeldBackItem[] {
  return heldBack.map(({ id, changes, memories }) => {
    const chunk = chunks.find((one) => one.id === id);
    const named = memories.map(({ title, project }) =>
      t('“{0}” ({1})', plain(title, NAME_LENGTH) || t('Untitled'), plain(project, NAME_LENGTH) || t('no project')),
    );
    const count = changes === 1 ? t('1 change') : t('{0} changes', changes);
    const more = changes > named.length ? [t('and {0} more', changes - named.length)] : [];
    return {
      id,
      label: authorText(t, { createdBy: chunk?.createdBy ?? '' }),
      description: [chunk ? momentText(chunk.createdAt, calendar) : '', plain(id)].filter((part) => part !== '').join(' · '),
      detail: named.length === 0 ? count : [...named, ...more].join(', '),
    };
  });
}

/** Several stand in one line. */
const NAME_LENGTH = 30;
