import { describe, expect, it } from 'vitest';
import { FileTransport } from '../../../src/adapters/chunkFolder.ts';
import type { ImportResult, SyncResult } from '../../../src/engine/syncResult.ts';
import { type GoldenCase, goldenCases, type Outcome } from '../../support/goldenCase.ts';
import { comparable } from '../../support/goldenExpected.ts';
import { runCase, type SyncStep } from '../../support/goldenRun.ts';
import { expectedOf, type GoldenTable } from '../../support/goldenTable.ts';
import { storeAt, syncerOf } from '../../support/library.ts';
import { EXPORT_TABLE } from './exportDifferences.ts';
import { IMPORT_TABLE } from './importDifferences.ts';

/** Each step with a syncer of its own, whose index is therefore made anew from the chunks each time. */
async function throughSyncer(step: SyncStep, root: string, database: string): Promise<object> {
  const syncer = syncerOf(await storeAt(database), new FileTransport(root));
  if (step.op === 'import') return imported(await syncer.import());
  if (step.op === 'export') {
    const { by: createdBy, project } = step;
    return exported(await syncer.export({ createdBy, project, includePersonal: true, includeDeleted: true }));
  }
  if (step.op === 'heal') throw new Error('a syncer does not repair');
  const { localChunks, remoteChunks, pendingImport } = await syncer.status();
  return { local: localChunks, remote: remoteChunks, pending: pendingImport };
}

/** Under the Go program's names. */
function imported(result: ImportResult): object {
  const problems = result.problems.filter(({ code }) => code !== 'chunk-missing' && code !== 'manifest-invalid');
  return {
    chunks_imported: result.chunksImported,
    chunks_skipped: result.chunksSkipped,
    sessions_imported: result.sessionsImported,
    observations_imported: result.observationsImported,
    prompts_imported: result.promptsImported,
    ...(problems.length > 0 && { problems: problems.map(({ code, chunkId }) => `${code} ${chunkId}`) }),
  };
}

function exported(result: SyncResult): object {
  return {
    ...(result.chunkIds.length > 0 && { chunk_id: result.chunkIds.join(' ') }),
    sessions_exported: result.sessionsExported,
    observations_exported: result.observationsExported,
    prompts_exported: result.promptsExported,
    mutations_exported: result.mutationsExported,
    is_empty: result.isEmpty,
  };
}

/** The results of a syncer have Go's fields; those of a folder tell of edits, deletes, relations, and what is held back, too. */
function withoutMore({ results, ...rest }: Outcome): Outcome {
  const less = results.map((result) => {
    const { ok } = (result ?? {}) as { readonly ok?: Readonly<Record<string, unknown>> };
    if (!ok) return result;
    const more = ['relations', 'edits', 'deletes', 'held_back'];
    return { ok: Object.fromEntries(Object.entries(ok).filter(([key]) => !more.includes(key))) };
  });
  return { results: less, ...rest };
}

function testThroughSyncer<Reason extends string>(table: GoldenTable<Reason>): void {
  const cases = goldenCases(table.file);
  describe.skipIf(cases.length === 0)(`golden/local/${table.file} through a syncer`, () => {
    it.each(cases.map((one) => [one.name, one] as const))('%s', async (name, one) => {
      const outcome = await runCase(one, [], throughSyncer);
      expect(comparable(outcome)).toEqual(withoutMore(expectedOf(table, cases, one)));
      if (!(name in table.differences) && !table.asNewer?.includes(name)) expect(skippedOf(outcome)).toEqual(skippedOf(goOf(one)));
    });
  });
}

const goOf = (one: GoldenCase): Outcome => one.outcomes['v1.14.0'];

function skippedOf({ results }: Outcome): unknown {
  return results.map((result) => (result as { readonly ok?: { readonly chunks_skipped?: number } } | null)?.ok?.chunks_skipped);
}

testThroughSyncer(IMPORT_TABLE);
testThroughSyncer(EXPORT_TABLE);
