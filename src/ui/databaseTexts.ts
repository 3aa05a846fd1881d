import type { ExportPreview } from '../engine/exportPreview.ts';
import type { FolderState } from '../engine/folderState.ts';
import { contentOf, memoryCount } from './counts.ts';
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
    detail: t('What agents save is shared, and what your team shares is found by agents. Only this project’s memories leave.'),
    database: 'live',
  };
  return inUse === 'live' ? [live, workspace] : [workspace, live];
}

/** What would leave, as lines for a question. */
export function previewLines(t: Translate, preview: ExportPreview): string {
  const { project, byProject, byType, byAuthor, prompts, personal, relations, edits, deletes } = preview;
  const named = (name: string, count: number): string => `${plain(name, LABEL_LENGTH)}: ${memoryCount(t, count)}`;
  const types = byType.filter(({ name }) => name !== 'prompt').map(({ name, count }) => named(name || t('no type'), count));
  const others = byProject.filter(({ name }) => name !== '' && name !== project).map(({ name, count }) => named(name, count));
  const rest = contentOf(t, { memories: 0, prompts: 0, relations, edits, deletes });
  return [
    t(
      'As {0}. It goes into .engram, which git shares with everybody who has the repository.',
      plain(byAuthor[0]?.name ?? '', LABEL_LENGTH),
    ),
    '',
    ...types,
    ...others,
    ...(prompts > 0 ? [t('Prompts, what you typed to agents: {0}', prompts)] : []),
    ...(rest === '' ? [] : [rest]),
    '',
    ...(personal > 0 ? [t('Personal memories that stay here: {0}', personal)] : []),
    t('Nothing of other projects leaves. The answer is kept for this folder; “Engram: Choose What Is Shared…” changes it.'),
  ].join('\n');
}
