import { dirname, join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { engramFolder, putManifest, readChunk } from '../support/folder.ts';
import { historyOf } from './histories.ts';
import { copyMissing, entriesOf, type Played, play } from './playHistory.ts';
import type { EngramProgram } from './programs.ts';
import { live, type Row, type Rows } from './rows.ts';
import { Teammate } from './teammate.ts';

/** Other ones for a longer run: `ENGRAM_INTEROP_SEEDS=201-1000`. */
const SEEDS = process.env['ENGRAM_INTEROP_SEEDS'] ?? '1-200';
/** In one folder, because starting a program takes long. */
const BATCH = 20;

/** Histories of two members of ours, exported by ours and imported by the real program: the rows are what the history says. */
export function randomHistories(programs: readonly EngramProgram[]): void {
  const [first = 1, last = 200] = SEEDS.split('-').map(Number);
  it(`gives every program what the histories ${first} to ${last} say`, { timeout: (last - first + 1) * 2_000 }, async () => {
    // These folders are in no repository; asking git each time would take longer than all the rest.
    vi.stubEnv('PATH', '');
    onTestFinished(() => void vi.unstubAllEnvs());
    const seeds = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    const counts = { chunks: 0, memories: 0, changed: 0, deleted: 0 };
    for (let start = 0; start < seeds.length; start += BATCH) {
      // At the same time, because each waits for its disk most of the time.
      const batch = await Promise.all(seeds.slice(start, start + BATCH).map(playSeed));
      for (const { seed, played } of batch) {
        for (const rows of played.ours) expect(sharedOf(rows, played.last), `ours, seed ${seed}`).toEqual(played.last);
        count(counts, played);
      }
      for (const program of programs) {
        await expectInProgram(program, batch);
        await expectNoEcho(program, batch.slice(0, 1));
      }
    }
    console.log(`interop: histories of the seeds ${first} to ${last}: ${JSON.stringify(counts)}`);
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
  });
}

interface Seeded {
  readonly seed: number;
  readonly played: Played;
}

async function playSeed(seed: number): Promise<Seeded> {
  return { seed, played: await play(nameOf(seed), historyOf(seed)) };
}

function count(counts: { chunks: number; memories: number; changed: number; deleted: number }, { root, first, last }: Played): void {
  const before = new Map(first.observations.map((row) => [keyOf(row), row['updated_at']]));
  counts.chunks += entriesOf(root).length;
  counts.memories += first.observations.length;
  counts.changed += last.observations.filter((row) => before.get(keyOf(row)) !== row['updated_at']).length;
  counts.deleted += first.observations.length - last.observations.length;
}

async function expectInProgram(program: EngramProgram, batch: readonly Seeded[]): Promise<void> {
  const root = engramFolder();
  const gopher = new Teammate(program);
  for (const { played } of batch) copyMissing(join(played.root, 'chunks'), join(root, 'chunks'));
  // Two pulls: half of each history, then the rest.
  for (const part of [0.5, 1]) {
    const entries = batch.flatMap(({ played }) => firstPart(entriesOf(played.root), part));
    putManifest(root, { version: 2, chunks: entries });
    await gopher.importFrom(dirname(root));
  }
  const rows = gopher.rows();
  for (const { seed, played } of batch) {
    // v1.14 sees no edit, no deletion and no relation.
    const expected = program.generation === 'applies' ? played.last : { ...played.first, relations: [] };
    expect(ofHistory(rows, nameOf(seed)), `${program.name}, seed ${seed}`).toEqual(expected);
  }
}

/** One history alone, because the newest entry of all decides what the program exports. */
async function expectNoEcho(program: EngramProgram, [seeded]: readonly Seeded[]): Promise<void> {
  if (!seeded) return;
  const { seed, played } = seeded;
  const gopher = new Teammate(program);
  const folder = dirname(played.root);
  await gopher.importFrom(folder);
  const id = await gopher.exportTo(folder);
  const edited = played.last.observations.filter((row) => row['created_at'] !== row['updated_at']).map(keyOf);
  const { sessions, observations, prompts } = id ? await readChunk(played.root, id) : { sessions: [], observations: [], prompts: [] };
  const repeated = observations.map((row) => row.syncId);
  // v1.16 may repeat what was edited, before it was first shared or afterwards, once; v1.14 repeats nothing.
  const allowed = program.generation === 'applies' ? repeated.filter((syncId) => edited.includes(syncId)) : [];
  expect([repeated, prompts], `${program.name}, seed ${seed}`).toEqual([allowed, []]);
  expect(sessions.length).toBeLessThanOrEqual(repeated.length);
  expect(await gopher.exportTo(folder)).toBeUndefined();
}

function firstPart<T>(list: readonly T[], part: number): readonly T[] {
  return list.slice(0, Math.ceil(list.length * part));
}

function nameOf(seed: number): string {
  return `h${String(seed).padStart(6, '0')}`;
}

function ofHistory(rows: Rows, name: string): Rows {
  return mapRows(rows, (row) => keyOf(row).startsWith(`${name}-`));
}

/** What was shared, of a database that also holds what was not. */
function sharedOf(rows: Rows, shared: Rows): Rows {
  const keys = new Set(Object.values(shared).flatMap((table: readonly Row[]) => table.map(keyOf)));
  return mapRows(rows, (row) => keys.has(keyOf(row)));
}

function mapRows(rows: Rows, test: (row: Row) => boolean): Rows {
  const { sessions, observations, prompts, relations } = rows;
  return {
    sessions: sessions.filter(test),
    observations: live(observations).filter(test),
    prompts: prompts.filter(test),
    relations: relations.filter(test),
  };
}

function keyOf(row: Row): string {
  return String(row['sync_id'] ?? row['id']);
}
