import type { ObservationRecord, PromptRecord, RelationRecord, SessionRecord } from '../../src/engine/records.ts';
import { observationVersion, promptVersion, type RowVersion, relationVersion, sessionVersion } from '../../src/engine/versions.ts';
import type { MemberDatabase } from '../models/member.ts';
import type { OurMember } from '../support/ourMember.ts';

/** Rows of one database by entity and identity, in the one form, without what is local: comparable between any two programs. */
export type LiveRows = Readonly<Record<string, unknown>>;

interface Tables {
  readonly sessions: Iterable<SessionRecord>;
  readonly observations: Iterable<ObservationRecord>;
  readonly prompts: Iterable<PromptRecord>;
  readonly relations: Iterable<RelationRecord>;
}

export function ourRows({ store }: OurMember): LiveRows {
  const tables = { sessions: store.sessions(), observations: store.observations(), prompts: store.prompts() };
  return liveRows({ ...tables, relations: store.relations() });
}

export function modelRows({ sessions, observations, prompts, relations }: MemberDatabase): LiveRows {
  return liveRows({
    sessions: sessions.values(),
    observations: [...observations.values()].map(({ normalizedHash: _, ...row }) => row),
    prompts: prompts.values(),
    relations: [...relations.values()].map(({ id: _, ...row }) => row),
  });
}

function liveRows(tables: Tables): LiveRows {
  const rows: Record<string, unknown> = {};
  for (const row of tables.sessions) {
    const { key, project, directory, startedAt, endedAt, summary } = sessionVersion(row);
    rows[`session:${key}`] = { project, directory, startedAt, endedAt, summary };
  }
  for (const row of tables.observations) if (!row.deletedAt) add(rows, observationVersion(row));
  for (const row of tables.prompts) add(rows, promptVersion(row));
  for (const row of tables.relations) add(rows, relationVersion(row));
  return rows;
}

function add(rows: Record<string, unknown>, version: RowVersion): void {
  rows[`${version.entity}:${version.key}`] = version.record;
}
