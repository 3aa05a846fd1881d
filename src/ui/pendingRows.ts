import type { SessionSnapshot } from '../host/session.ts';
import { authorText, chunkRow, type Drawing } from './chunkStates.ts';
import { folderRow } from './folderRow.ts';
import { perFolder, type Row, type RowSource } from './rows.ts';

/** The view *Pending imports*: chunks that the next import takes, newest first, each to be unfolded. */
export function pendingRows(drawing: Drawing, folders: readonly RowSource<SessionSnapshot>[]): readonly Row[] {
  return perFolder(
    folders.map(({ root, snapshot }) => {
      const waiting = (snapshot.state?.chunks ?? []).filter((chunk) => chunk.waiting);
      const rows = waiting.map((chunk) => chunkRow(drawing, chunk, { root, label: authorText(drawing.t, chunk), place: 'pending' }));
      return { folder: folderRow(drawing.t, root, snapshot), rows };
    }),
  );
}

/** The badge: chunks waiting in all folders, also those beyond the rows that are shown. */
export function waitingCount(snapshots: readonly SessionSnapshot[]): number {
  return snapshots.reduce((sum, { state }) => sum + (state?.chunkTotals.waiting ?? 0), 0);
}
