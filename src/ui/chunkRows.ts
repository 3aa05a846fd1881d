import type { ChunkRow, FolderState } from '../engine/folderState.ts';
import type { SessionSnapshot } from '../host/session.ts';
import { authorText, chunkRow, type Drawing } from './chunkStates.ts';
import { chunkCount, contentOf } from './counts.ts';
import { noticeRows } from './folderNotices.ts';
import { folderRow } from './folderRow.ts';
import { dayText, momentText } from './moments.ts';
import { plain } from './plainText.ts';
import { perFolder, type Row, type RowSource } from './rows.ts';
import type { Translate } from './translate.ts';

/** How the view *Chunks* is arranged; kept per workspace. */
export type Grouping = 'author' | 'day' | 'flat';

export function isGrouping(value: unknown): value is Grouping {
  return value === 'author' || value === 'day' || value === 'flat';
}

/** The view *Chunks*: what a person should know about the folder, then all its chunks, those that wait first, then newest first. */
export function chunkRows(drawing: Drawing, folders: readonly RowSource<SessionSnapshot>[], grouping: Grouping): readonly Row[] {
  return perFolder(
    folders.map(({ root, snapshot }) => {
      const chunks = snapshot.state ? arranged(drawing, { root, state: snapshot.state, grouping }) : [];
      return { folder: folderRow(drawing.t, root, snapshot), rows: [...noticeRows(drawing.t, root, snapshot), ...chunks] };
    }),
  );
}

interface Arrangement {
  readonly root: string;
  readonly state: FolderState;
  readonly grouping: Grouping;
}

function arranged(drawing: Drawing, { root, state, grouping }: Arrangement): readonly Row[] {
  const sorted = state.chunks.toSorted((a, b) => Number(b.waiting) - Number(a.waiting));
  const left = state.chunkTotals.all - state.chunks.length;
  const rest = left > 0 ? [moreRow(drawing.t, root, left)] : [];
  if (grouping === 'flat') {
    return [...sorted.map((chunk) => chunkRow(drawing, chunk, { root, label: authorText(drawing.t, chunk), place: 'chunks' })), ...rest];
  }
  const groups = Map.groupBy(sorted, (chunk) => groupName(drawing, chunk, grouping));
  return [...[...groups].map(([name, chunks]) => groupRow(drawing, { root, name, chunks, grouping })), ...rest];
}

function groupName({ t, calendar }: Drawing, chunk: ChunkRow, grouping: Grouping): string {
  if (grouping === 'author') return authorText(t, chunk);
  return dayText(chunk.createdAt, calendar) || t('Unknown day');
}

function groupRow(drawing: Drawing, group: { root: string; name: string; chunks: readonly ChunkRow[]; grouping: Grouping }): Row {
  const { root, name, chunks, grouping } = group;
  const { t, calendar } = drawing;
  const content = contentOf(t, {
    memories: chunks.reduce((sum, chunk) => sum + chunk.memories, 0),
    prompts: chunks.reduce((sum, chunk) => sum + chunk.prompts, 0),
  });
  const counts = [chunkCount(t, chunks.length), content].filter((part) => part !== '').join(', ');
  const labelOf = (chunk: ChunkRow): string =>
    grouping === 'author' ? momentText(chunk.createdAt, calendar) || t('Chunk {0}', plain(chunk.id)) : authorText(t, chunk);
  return {
    id: `${grouping}:${root}:${name}`,
    label: name,
    description: counts,
    tooltip: `${name}\n${counts}`,
    icon: { name: grouping === 'author' ? 'account' : 'calendar' },
    spoken: `${name}, ${counts}`,
    contextValue: 'engram.group',
    target: { kind: 'group' },
    children: chunks.map((chunk) => chunkRow(drawing, chunk, { root, label: labelOf(chunk), place: 'chunks' })),
    isOpen: true,
  };
}

function moreRow(t: Translate, root: string, count: number): Row {
  const text = count === 1 ? t('1 older chunk is not listed') : t('{0} older chunks are not listed', count);
  return {
    id: `more:${root}`,
    label: text,
    description: '',
    tooltip: text,
    icon: { name: 'ellipsis' },
    spoken: text,
    contextValue: 'engram.more',
    target: { kind: 'group' },
    children: [],
  };
}
