import { EngramError } from '../engine/errors.ts';
import type { ObservationRecord } from '../engine/records.ts';
import { RowReader } from '../engine/rowReader.ts';
import type { RowVersion } from '../engine/versions.ts';
import type { OpenDatabases } from './databases.ts';
import type { FolderAccess } from './folderAccess.ts';
import { rowId } from './programMemories.ts';
import type { ProgramSite } from './programSite.ts';

/**
 * An import by v1.16.1 overwrites newer memories with what a chunk says. What was newer here before is put back by the program's own tool, so
 * that asking for an import costs nobody an edit.
 *
 * @param before what was newer here than in the chunks, as it was
 * @returns how many are as they were, and how many are not
 */
export async function putBack(
  of: { readonly access: FolderAccess; readonly site: ProgramSite; readonly project: string },
  databases: OpenDatabases,
  before: readonly RowVersion[],
): Promise<{ readonly putBack: number; readonly setBack: number }> {
  const lost = setBackOf(databases, before);
  const editable = lost.flatMap(({ record }) => (record && isMemory(record) && isLive(databases, record) ? [record] : []));
  if (editable.length > 0) {
    try {
      await of.site.talk(databases, of.project, {}, async (ask) => {
        for (const record of editable) await ask('mem_update', { id: rowId(databases, record.syncId), ...valuesOf(record) });
      });
    } catch (error) {
      // What could not be put back is counted and told.
      if (!EngramError.is(error, 'program-failed')) throw error;
    }
  }
  const after = (await of.access.databases.open()).store;
  const isBack = (record: ObservationRecord): boolean => {
    const row = after.observation(record.syncId);
    return row !== undefined && !row.deletedAt && row.title === record.title && row.content === record.content && row.type === record.type;
  };
  const back = editable.filter(isBack).length;
  return { putBack: back, setBack: lost.length - back };
}

function valuesOf({ title, content, type, scope, topicKey = '' }: ObservationRecord): Readonly<Record<string, string>> {
  return { title, content, type, scope, topic_key: topicKey };
}

function setBackOf({ store, index }: OpenDatabases, before: readonly RowVersion[]): RowVersion[] {
  const rows = new RowReader(store, index);
  return before.filter((version) => (rows.row(version.entity, version.key)?.order ?? '') < version.order);
}

function isMemory(record: NonNullable<RowVersion['record']>): record is ObservationRecord {
  return 'title' in record;
}

function isLive({ store }: OpenDatabases, { syncId }: ObservationRecord): boolean {
  const row = store.observation(syncId);
  return row !== undefined && !row.deletedAt;
}
