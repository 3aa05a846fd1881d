import { atLeastOne } from './importPlain.ts';
import { type Member, type ObservationRow, type PromptRow, transaction } from './member.ts';

/**
 * What either release changes in the rows whenever it opens a database (spec database.md §4, steps 11 and 12): a row without `sync_id` gets a random
 * one, so that two members who imported one legacy chunk disagree about it for ever.
 */
export function openDatabase(member: Member): void {
  transaction(member, (draft) => {
    for (const [id, row] of draft.observations) draft.observations.set(id, repairObservation(member, row));
    for (const [id, row] of draft.prompts) draft.prompts.set(id, repairPrompt(member, row));
    for (const [id, row] of draft.tombstones) draft.tombstones.set(id, { ...row, project: row.project ?? '' });
  });
}

function repairObservation(member: Member, { topicKey, ...row }: ObservationRow): ObservationRow {
  return {
    ...row,
    ...(topicKey !== undefined && topicKey !== '' && { topicKey }),
    scope: row.scope || 'project',
    revisionCount: atLeastOne(row.revisionCount),
    duplicateCount: atLeastOne(row.duplicateCount),
    updatedAt: row.updatedAt || row.createdAt,
    syncId: row.syncId || `obs-${member.randomHex(16)}`,
  };
}

function repairPrompt(member: Member, row: PromptRow): PromptRow {
  return { ...row, project: row.project ?? '', syncId: row.syncId || `prompt-${member.randomHex(16)}` };
}
