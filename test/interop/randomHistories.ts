import { dirname, join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { engramFolder, putManifest } from '../support/folder.ts';
import { historyOf } from './histories.ts';
import { copyMissing, entriesOf, type Played, play } from './playHistory.ts';
import type { EngramProgram } from './programs.ts';
import { live, type Row, type Rows } from './rows.ts';
import { Teammate } from './teammate.ts';

const FIRST_SEED = 1;
const HISTORIES = 200;
/** In one folder: each start of a program takes longer than a history. */
const BATCH = 20;

/** Histories of two members of ours, exported by ours and imported by the real program: the rows are what the history says. */
export function randomHistories(programs: readonly EngramProgram[]): void {
  it(`gives every program what the history says`, { timeout: 300_000 }, async () => {
    console.log(`interop: histories of the seeds ${FIRST_SEED} to ${FIRST_SEED + HISTORIES - 1}`);
    // These folders are in no repository; asking git each time would take longer than all the rest.
    vi.stubEnv('PATH', '');
    onTestFinished(() => void vi.unstubAllEnvs());
    for (let seed = FIRST_SEED; seed < FIRST_SEED + HISTORIES; seed += BATCH) {
      const seeds = Array.from({ length: BATCH }, (_, offset) => seed + offset);
      // At the same time, because each waits for its disk most of the time.
      const batch = await Promise.all(seeds.map((one) => play(nameOf(one), historyOf(one))));
      for (const [offset, played] of batch.entries()) {
        for (const rows of played.ours) expect(sharedOf(rows, played.last), `ours, seed ${seed + offset}`).toEqual(played.last);
      }
      for (const program of programs) await expectInProgram(program, seed, batch);
    }
  });
}

async function expectInProgram(program: EngramProgram, firstSeed: number, batch: readonly Played[]): Promise<void> {
  const root = engramFolder();
  const gopher = new Teammate(program);
  for (const played of batch) copyMissing(join(played.root, 'chunks'), join(root, 'chunks'));
  // Two pulls: half of each history, then the rest.
  for (const part of [0.5, 1]) {
    const entries = batch.flatMap(({ root }) => entriesOf(root).slice(0, Math.ceil(entriesOf(root).length * part)));
    putManifest(root, { version: 2, chunks: entries });
    await gopher.importFrom(dirname(root));
  }
  const rows = gopher.rows();
  for (const [offset, played] of batch.entries()) {
    const seed = firstSeed + offset;
    // v1.14 sees no edit, no deletion and no relation.
    const expected = program.generation === 'applies' ? played.last : { ...played.first, relations: [] };
    expect(ofHistory(rows, nameOf(seed)), `${program.name}, seed ${seed}`).toEqual(expected);
  }
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
