import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { SqlJs } from '../../src/adapters/sqlJs.ts';
import { isEmptyPlan } from '../../src/engine/exportPlan.ts';
import type { ChunkId } from '../../src/engine/manifest.ts';
import { chunkData } from './chunkArbitrary.ts';
import { MemberDatabase, packed } from './memberDatabase.ts';

/** Chunks of a folder, an order of importing them, some to undo, and an order of importing again. */
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

interface Folder {
  readonly files: Map<ChunkId, Uint8Array>;
  readonly order: readonly ChunkId[];
  readonly undone: readonly ChunkId[];
  readonly again: readonly ChunkId[];
}

/** What must hold of undoing imports, whatever the chunks are, in whatever order. */
const rules: Readonly<Record<string, (sqlJs: SqlJs, folder: Folder) => Promise<void>>> = {
  'leaves what an import of the other chunks leaves': async (sqlJs, { files, order, undone }) => {
    const undoer = await member(sqlJs, files, order);
    for (const id of undone) await undoer.undo(id);
    const rest = order.filter((id) => !undone.includes(id));
    const other = await member(sqlJs, files, rest);
    assert.deepEqual(undoer.live(), other.live());
    undoer.close();
    other.close();
  },
  'is told before as it happens': async (sqlJs, { files, order, undone }) => {
    const undoer = await member(sqlJs, files, order);
    for (const id of undone) {
      const before = undoer.live();
      const told = await undoer.preview(id);
      assert.deepEqual(undoer.live(), before);
      assert.deepEqual(await undoer.undo(id), told);
      const count = ({ memories, prompts }: typeof before): number => memories.length + prompts.length;
      const returned = count(undoer.live()) - (count(before) - told.memories - told.prompts);
      // Relations can return, too.
      assert.ok(returned >= 0 && returned <= told.returned, `${returned} returned, ${told.returned} were told`);
      assert.equal(told.kept, 0);
    }
    undoer.close();
  },
  'is itself undone by importing again, in whatever order': async (sqlJs, { files, order, undone, again }) => {
    const undoer = await member(sqlJs, files, order);
    const before = undoer.live();
    for (const id of undone) await undoer.undo(id);
    const wanted = again.filter((id) => undone.includes(id));
    await undoer.import(wanted);
    assert.deepEqual(undoer.live(), before);
    assert.equal(undoer.store.undoneChunks().size, 0);
    undoer.close();
  },
  'makes nothing that the next sync would share, and nothing that the next import would bring back': async (
    sqlJs,
    { files, order, undone },
  ) => {
    const undoer = await member(sqlJs, files, order);
    for (const id of undone) await undoer.undo(id);
    assert.ok(isEmptyPlan(await undoer.plan()), 'something would be shared');
    const before = undoer.live();
    await undoer.import();
    assert.deepEqual(undoer.live(), before);
    undoer.close();
  },
};

/** The rules by name, each as a property to be asserted. */
export function undoProperties(sqlJs: SqlJs): readonly (readonly [name: string, property: fc.IAsyncProperty<[Folder]>])[] {
  return Object.entries(rules).map(([name, rule]) => [name, fc.asyncProperty(folders, (folder) => rule(sqlJs, folder))] as const);
}

async function member(sqlJs: SqlJs, files: Map<ChunkId, Uint8Array>, order: readonly ChunkId[]): Promise<MemberDatabase> {
  const database = new MemberDatabase(sqlJs, files);
  await database.import(order);
  return database;
}
