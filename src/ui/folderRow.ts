import type { SessionSnapshot } from '../host/session.ts';
import { conditionOf } from './condition.ts';
import { plain } from './plainText.ts';
import type { Row } from './rows.ts';
import { sentenceOf } from './statusText.ts';
import type { Translate } from './translate.ts';

/** The row that holds a folder's rows where the window has several. */
export function folderRow(t: Translate, root: string, snapshot: SessionSnapshot): Row {
  const name = plain(snapshot.name);
  const sentence = sentenceOf(t, conditionOf(snapshot), snapshot);
  return {
    id: `folder:${root}`,
    label: name,
    description: '',
    tooltip: sentence,
    icon: { name: 'folder' },
    spoken: `${name}. ${sentence}`,
    contextValue: 'engram.folder',
    target: { kind: 'folder', root },
    children: [],
  };
}
