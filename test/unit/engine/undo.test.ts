import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadSqlJs, type SqlJs } from '../../../src/adapters/sqlJs.ts';
import { isEmptyPlan } from '../../../src/engine/exportPlan.ts';
import type { ChunkId } from '../../../src/engine/manifest.ts';
import { chunkData } from '../../support/chunkArbitrary.ts';
import { WASM_PATH } from '../../support/folder.ts';
import { MemberDatabase, packed } from '../../support/memberDatabase.ts';

let sqlJs: SqlJs;
beforeAll(async () => {
  sqlJs = await loadSqlJs(WASM_PATH);
});

const numRuns = Number(process.env['ENGRAM_UNDO_RUNS'] ?? 50);

/** Chunks of a folder, an order of importing them, and some to undo. */
const folders = fc
  .array(chunkData, { minLength: 1, maxLength: 4 })
  .map((chunks) => new Map(chunks.map(packed).map(({ id, bytes }) => [id, bytes] as const)))
  .chain((files) =>
    fc.record({
      files: fc.constant(files),
      order: fc.shuffledSubarray([...files.keys()], { minLength: files.size }),
      undone: fc.shuffledSubarray([...files.keys()], { minLength: 1 }),
      again: fc.shuffledSubarray([...files.keys()], { minLength: files.size }),
    }),
  );

async function member(files: Map<ChunkId, Uint8Array>, order: readonly ChunkId[]): Promise<MemberDatabase> {
  const database = new MemberDatabase(sqlJs, files);
  await database.import(order);
  return database;
}

describe('undoing imports', () => {
  it('leaves what an import of the other chunks leaves', async () => {
    await fc.assert(
      fc.asyncProperty(folders, async ({ files, order, undone }) => {
        const undoer = await member(files, order);
        for (const id of undone) await undoer.undo(id);
        const other = await member(
          files,
          order.filter((id) => !undone.includes(id)),
        );
        expect(undoer.live()).toEqual(other.live());
        undoer.close();
        other.close();
      }),
      { numRuns },
    );
  });

  it('are told before as they happen', async () => {
    await fc.assert(
      fc.asyncProperty(folders, async ({ files, order, undone }) => {
        const undoer = await member(files, order);
        for (const id of undone) {
          const before = undoer.live();
          const told = await undoer.preview(id);
          expect(undoer.live()).toEqual(before);
          expect(await undoer.undo(id)).toEqual(told);
          const count = ({ memories, prompts }: typeof before): number => memories.length + prompts.length;
          const returned = count(undoer.live()) - (count(before) - told.memories - told.prompts);
          // Relations can return, too.
          expect(returned).toBeGreaterThanOrEqual(0);
          expect(returned).toBeLessThanOrEqual(told.returned);
          expect(told.kept).toBe(0);
        }
        undoer.close();
      }),
      { numRuns },
    );
  });

  it('is itself undone by importing again, in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(folders, async ({ files, order, undone, again }) => {
        const undoer = await member(files, order);
        const before = undoer.live();
        for (const id of undone) await undoer.undo(id);
        await undoer.import(again.filter((id) => undone.includes(id)));
        expect(undoer.live()).toEqual(before);
        expect(undoer.store.undoneChunks().size).toBe(0);
        undoer.close();
      }),
      { numRuns },
    );
  });

  it('makes nothing that the next sync would share, and nothing that the next import would bring back', async () => {
    await fc.assert(
      fc.asyncProperty(folders, async ({ files, order, undone }) => {
        const undoer = await member(files, order);
        for (const id of undone) await undoer.undo(id);
        const plan = await undoer.plan();
        expect(
          isEmptyPlan(plan),
          JSON.stringify(plan, (_, value) => (value instanceof Map ? [...value] : value)),
        ).toBe(true);
        const before = undoer.live();
        await undoer.import();
        expect(undoer.live()).toEqual(before);
        undoer.close();
      }),
      { numRuns },
    );
  });
});
