import type { ChunkRow, ChunkState } from '../engine/folderState.ts';
import { contentOf } from './counts.ts';
import { type Calendar, momentText } from './moments.ts';
import { plain, SENTENCE_LENGTH } from './plainText.ts';
import type { Row, RowIcon } from './rows.ts';
import type { Translate } from './translate.ts';

/** What rows of chunks are drawn with. */
export interface Drawing {
  readonly t: Translate;
  readonly calendar: Calendar;
}

/** One chunk as a row. `label` is what the grouping leaves to say: its author, its time, or both. */
export function chunkRow(
  { t, calendar }: Drawing,
  chunk: ChunkRow,
  { root, label, place }: { root: string; label: string; place: string },
): Row {
  const content = contentOf(t, chunk);
  const state = stateText(t, chunk);
  const when = momentText(chunk.createdAt, calendar);
  const isQuiet = chunk.state === 'imported' && !chunk.uncommitted;
  const facts = [...new Set([content, when, ...(isQuiet ? [] : [state])])].filter((fact) => fact !== '' && fact !== label);
  const problem = chunk.problem ? [plain(chunk.problem.message, SENTENCE_LENGTH)] : [];
  const author = authorText(t, chunk);
  const head = t('Chunk {0}', plain(chunk.id));
  const isReadable = chunk.state !== 'missing' && chunk.state !== 'unreadable';
  return {
    id: `${place}:${root}:${chunk.id}`,
    label,
    description: facts.join(' · '),
    tooltip: [head, [author, when].filter(Boolean).join(', '), content, state, ...problem].filter((line) => line !== '').join('\n'),
    icon: iconOf(chunk),
    spoken: [content || head, author, when, state, ...problem].filter((part) => part !== '').join(', '),
    contextValue: `engram.chunk.${menuState(chunk)}`,
    target: { kind: 'chunk', root, id: chunk.id },
    children: isReadable ? 'contents' : [],
  };
}

/** What a chunk's menu depends on. One of this database's own was not imported, so there is nothing to undo. */
function menuState({ state, waiting, own }: ChunkRow): string {
  if (waiting && state !== 'altered') return 'pending';
  return own && (state === 'imported' || state === 'unlisted') ? 'own' : state;
}

export function authorText(t: Translate, chunk: Pick<ChunkRow, 'createdBy'>): string {
  return plain(chunk.createdBy, 40) || t('Unknown author');
}

function stateText(t: Translate, { state, waiting, uncommitted }: ChunkRow): string {
  if (uncommitted && !waiting && (state === 'imported' || state === 'unlisted')) return t('commit to share');
  const texts: Readonly<Record<ChunkState, () => string>> = {
    imported: () => (waiting ? t('waiting to be imported') : t('imported')),
    pending: () => t('waiting to be imported'),
    missing: () => t('file not here yet'),
    altered: () => t('altered after it was written'),
    unlisted: () => (waiting ? t('not in the manifest, waiting to be imported') : t('not in the manifest')),
    undone: () => t('import undone, not in the database'),
    unreadable: () => t('cannot be read'),
    unknown: () => t('not opened in Restricted Mode'),
  };
  return texts[state]();
}

function iconOf({ state, waiting, uncommitted }: ChunkRow): RowIcon {
  if (waiting && state !== 'unlisted') return { name: 'cloud-download' };
  const icons: Readonly<Record<ChunkState, RowIcon>> = {
    imported: { name: uncommitted ? 'git-commit' : 'pass' },
    pending: { name: 'cloud-download' },
    missing: { name: 'question', color: 'list.warningForeground' },
    altered: { name: 'edit', color: 'list.warningForeground' },
    unlisted: { name: 'diff-added' },
    undone: { name: 'discard' },
    unreadable: { name: 'error', color: 'list.errorForeground' },
    unknown: { name: 'package' },
  };
  return icons[state];
}
