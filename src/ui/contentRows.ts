import type { ChunkContents, ChunkItem } from '../engine/folderRequests.ts';
import { plain, SENTENCE_LENGTH } from './plainText.ts';
import type { Row } from './rows.ts';
import type { Translate } from './translate.ts';

/** Where the rows of an unfolded chunk hang. */
export interface ContentPlace {
  readonly root: string;
  /** Id of the chunk's row: the same chunk stands in both views. */
  readonly parentId: string;
}

/** What a chunk holds, one row each. A click on a memory opens it where it is imported, else the chunk. */
export function contentRows(t: Translate, { id, items, more }: ChunkContents, { root, parentId }: ContentPlace): readonly Row[] {
  const rows = items.map((item, index): Row => {
    const label = plain(item.label) || t('Untitled');
    const kind = kindText(t, item.kind);
    const detail = plain(item.detail, 40);
    return {
      id: `${parentId}/${index}:${item.kind}`,
      label,
      description: detail,
      tooltip: [plain(item.label, SENTENCE_LENGTH) || label, kind, detail].filter((line) => line !== '').join('\n'),
      icon: { name: ICONS[item.kind] },
      spoken: [kind, label, detail].filter((part) => part !== '').join(', '),
      contextValue: `engram.item.${item.kind}`,
      target: isMemory(item) ? { kind: 'memory', root, id: item.key, chunkId: id } : { kind: 'chunk', root, id },
      children: [],
    };
  });
  return more > 0 ? [...rows, tail(t('{0} more: open the chunk to read them', more), { root, parentId }, id)] : rows;
}

/** A chunk that could not be unfolded says why in its only row. */
export function contentFailureRow(message: string, place: ContentPlace, chunkId: string): Row {
  return { ...tail(plain(message, SENTENCE_LENGTH), place, chunkId), icon: { name: 'error', color: 'list.errorForeground' } };
}

function tail(text: string, { root, parentId }: ContentPlace, id: string): Row {
  return {
    id: `${parentId}/more`,
    label: text,
    description: '',
    tooltip: text,
    icon: { name: 'ellipsis' },
    spoken: text,
    contextValue: 'engram.more',
    target: { kind: 'chunk', root, id },
    children: [],
  };
}

function isMemory({ kind, key }: ChunkItem): boolean {
  return (kind === 'observation' || kind === 'edit') && key !== '';
}

const ICONS: Readonly<Record<ChunkItem['kind'], string>> = {
  session: 'history',
  observation: 'note',
  prompt: 'comment',
  relation: 'link',
  edit: 'edit',
  delete: 'trash',
};

function kindText(t: Translate, kind: ChunkItem['kind']): string {
  const texts: Readonly<Record<ChunkItem['kind'], () => string>> = {
    session: () => t('Session'),
    observation: () => t('Memory'),
    prompt: () => t('Prompt'),
    relation: () => t('Relation'),
    edit: () => t('Edited memory'),
    delete: () => t('Deleted memory'),
  };
  return texts[kind]();
}
