import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { DatabaseFiles, type FilesDisk } from '../../src/adapters/databaseFiles.ts';
import { openSqlJs, type SqlJs } from '../../src/adapters/sqlJs.ts';
import { EngramError } from '../../src/engine/errors.ts';
import { saysWal, withCommittedFrames } from '../../src/engine/walFrames.ts';
import { ALL_ROWS, copyDatabase, type NativeShape, type NativeStep, NativeWriter, nativeShapes, nativeSteps } from './nativeWriter.ts';

/** What happens to the log of a program that was stopped; `at` is a byte, counted round and round. */
type Damage =
  | { readonly kind: 'none' | 'removed' }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'scribbled'; readonly at: number }
  | { readonly kind: 'grown'; readonly bytes: Uint8Array }
  | { readonly kind: 'other-byte-order' };

const at = fc.nat();
const damages: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constantFrom('none' as const, 'removed' as const, 'other-byte-order' as const) }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('cut' as const), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('scribbled' as const), at }) },
  fc.record({ kind: fc.constant('grown' as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 5000 }) }),
);

interface History {
  readonly shape: NativeShape;
  readonly steps: readonly NativeStep[];
  readonly damage: Damage;
}

const histories: fc.Arbitrary<History> = fc.record({
  shape: nativeShapes,
  steps: fc.array(nativeSteps, { minLength: 1, maxLength: 25 }),
  damage: damages,
});

/**
 * What a program leaves when it is stopped anywhere, and what may happen to the log then: our view is, byte for byte, the database that SQLite makes
 * of a copy when it writes the log into the file; where SQLite can read it, so can we, the same rows.
 */
export async function viewIsWhatSqliteMakes(sqlJs: SqlJs, { shape, steps, damage }: History): Promise<void> {
  await inFolder(async (folder) => {
    const writer = new NativeWriter(join(folder, 'program'), shape);
    try {
      for (const step of steps) writer.step(step);
      const [ours, theirs] = [join(folder, 'ours.db'), join(folder, 'theirs.db')];
      copyDatabase(writer.path, ours);
      damageLog(`${ours}-wal`, damage);
      copyDatabase(ours, theirs);
      const log = existsSync(`${ours}-wal`) ? readFileSync(`${ours}-wal`) : new Uint8Array();
      const view = withCommittedFrames(readFileSync(ours), log);
      const native = readBySqlite(theirs);
      assert.equal(Buffer.compare(asWal(view), asWal(readFileSync(theirs))), 0, 'the view is another database than SQLite makes');
      if (native) assert.deepEqual(rowsOf(sqlJs, view), native);
    } finally {
      writer.close();
    }
  });
}

/**
 * Another program takes its steps between any two of our looks, and in the middle of our reading a file: what we read is what was committed
 * at one moment between the first look and the last, or it is said that the files would not stay still.
 */
async function readingSeesOneMoment(
  sqlJs: SqlJs,
  { shape, steps }: Pick<History, 'shape' | 'steps'>,
  between: readonly (readonly NativeStep[])[],
): Promise<{ readonly outcome: 'read' | 'busy'; readonly left: number }> {
  return inFolder(async (folder) => {
    const living = steps.filter(({ do: what }) => what !== 'kill');
    const waiting = between.map((group) => group.filter(({ do: what }) => what !== 'kill'));
    const writer = new NativeWriter(folder, shape);
    try {
      for (const step of living) writer.step(step);
      const seen = [writer.rows()];
      const act = (): void => {
        for (const step of waiting.shift() ?? []) {
          writer.step(step);
          seen.push(writer.rows());
        }
      };
      const { bytes, withLog } = await new DatabaseFiles(writer.path, interrupted(act)).read();
      assert.ok(withLog);
      const rows = JSON.stringify(rowsOf(sqlJs, bytes ?? new Uint8Array()));
      assert.ok(
        seen.some((each) => JSON.stringify(each) === rows),
        'rows that were never committed together',
      );
      return { outcome: 'read', left: waiting.length };
    } catch (error) {
      if (!EngramError.is(error, 'store-locked')) throw error;
      return { outcome: 'busy', left: 0 };
    } finally {
      writer.close();
    }
  });
}

/** After these the file holds what the log held, and a new log may begin. */
export const TURNING_POINTS: Readonly<Record<string, readonly NativeStep[]>> = {
  'the log is written back and begun anew': [
    { do: 'checkpoint', mode: 'RESTART' },
    { do: 'update', every: 2 },
    { do: 'commit', rows: 2, bytes: 300 },
  ],
  'the log is written back, begun anew and written back again': [
    { do: 'checkpoint', mode: 'RESTART' },
    { do: 'update', every: 2 },
    { do: 'checkpoint', mode: 'RESTART' },
    { do: 'commit', rows: 1, bytes: 0 },
  ],
  'more is committed and written back': [
    { do: 'update', every: 2 },
    { do: 'checkpoint', mode: 'PASSIVE' },
  ],
  'the log is emptied': [
    { do: 'update', every: 2 },
    { do: 'checkpoint', mode: 'TRUNCATE' },
  ],
  'the program ends and begins again': [{ do: 'update', every: 2 }, { do: 'reopen' }, { do: 'commit', rows: 2, bytes: 300 }],
};

/** A disk on which `act` happens before each access and between both halves of a file; files are stamped by what they hold, so that no two differ unseen. */
function interrupted(act: () => void): FilesDisk {
  return {
    lstat: async (path) => {
      act();
      const found = await lstat(path, { bigint: true });
      const stamp = createHash('sha1').update(readFileSync(path)).digest('hex');
      return Object.assign(Object.create(found) as typeof found, { mtimeNs: BigInt(`0x${stamp}`), mtimeMs: 0n });
    },
    read: async (path, length) => {
      act();
      if (length !== undefined) return (await readFile(path)).subarray(0, length);
      const half = (await readFile(path)).length >> 1;
      const first = (await readFile(path)).subarray(0, half);
      act();
      return Buffer.concat([first, (await readFile(path)).subarray(half)]);
    },
    pause: async () => act(),
  };
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'engram-wal-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function damageLog(path: string, damage: Damage): void {
  if (!existsSync(path) || damage.kind === 'none') return;
  const log = readFileSync(path);
  if (damage.kind === 'removed') rmSync(path);
  else if (damage.kind === 'cut') writeFileSync(path, log.subarray(0, damage.at % (log.length + 1)));
  else if (damage.kind === 'grown') writeFileSync(path, Buffer.concat([log, damage.bytes]));
  else if (damage.kind === 'other-byte-order') writeFileSync(path, inOtherByteOrder(log));
  else if (damage.kind === 'scribbled' && log.length > 0) {
    const place = damage.at % log.length;
    log.writeUInt8(log.readUInt8(place) ^ 0x40, place);
    writeFileSync(path, log);
  }
}

/** As a program on a processor of the other byte order would have written it: only the checksums differ, and the last bit of the magic number. */
function inOtherByteOrder(log: Buffer): Buffer {
  if (log.length < 32) return log;
  const turned = Buffer.from(log);
  turned.writeUInt8(log.readUInt8(3) ^ 1, 3);
  const bigEndian = (turned.readUInt8(3) & 1) === 1;
  const sum = (bytes: Buffer, [first, second]: readonly [number, number]): [number, number] => {
    for (let place = 0; place < bytes.length; place += 8) {
      first = (first + (bigEndian ? bytes.readUInt32BE(place) : bytes.readUInt32LE(place)) + second) >>> 0;
      second = (second + (bigEndian ? bytes.readUInt32BE(place + 4) : bytes.readUInt32LE(place + 4)) + first) >>> 0;
    }
    return [first, second];
  };
  let running = sum(turned.subarray(0, 24), [0, 0]);
  writeWords(turned, running, 24);
  const pageSize = turned.readUInt32BE(8);
  for (let frame = 32; frame + 24 + pageSize <= turned.length; frame += 24 + pageSize) {
    running = sum(turned.subarray(frame + 24, frame + 24 + pageSize), sum(turned.subarray(frame, frame + 8), running));
    writeWords(turned, running, frame + 16);
  }
  return turned;
}

function writeWords(log: Buffer, [first, second]: readonly [number, number], place: number): void {
  log.writeUInt32BE(first, place);
  log.writeUInt32BE(second, place + 4);
}

/**
 * Opens a copy with SQLite itself and lets it write the log into the file.
 *
 * @returns its rows; nothing where it refuses the database, or finds it damaged: a log that was cut after a part of it was written back is that
 */
function readBySqlite(path: string): unknown[] | undefined {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA synchronous = OFF');
    const rows = database.prepare(ALL_ROWS).all();
    const integrity = database.prepare('PRAGMA integrity_check(1)').get();
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return integrity?.['integrity_check'] === 'ok' ? rows : undefined;
  } catch {
    return undefined;
  } finally {
    database.close();
  }
}

function rowsOf(sqlJs: SqlJs, bytes: Uint8Array): unknown[] {
  const database = openSqlJs(sqlJs, bytes);
  try {
    assert.deepEqual(database.all('PRAGMA integrity_check(1)'), [{ integrity_check: 'ok' }]);
    return database.all(ALL_ROWS).map((row) => Object.assign(Object.create(null) as object, row));
  } finally {
    database.close();
  }
}

/** The version bytes apart: they are the one thing that the view has otherwise. */
function asWal(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (copy.length > 0) copy.fill(2, 18, 20);
  assert.ok(copy.length === 0 || saysWal(copy));
  return copy;
}

const interruptions = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.constantFrom(...Object.values(TURNING_POINTS)) },
    { weight: 2, arbitrary: fc.array(nativeSteps, { maxLength: 3 }) },
  ),
  { maxLength: 60 },
);

/** Lets the steps happen at each single moment of reading, one moment after another, until reading is over before it comes. @returns how many there were */
export async function atEachMoment(sqlJs: SqlJs, history: Pick<History, 'shape' | 'steps'>, steps: readonly NativeStep[]): Promise<number> {
  for (let moment = 0; ; moment++) {
    const between = [...Array.from({ length: moment }, (): readonly NativeStep[] => []), steps];
    const { outcome, left } = await readingSeesOneMoment(sqlJs, history, between);
    assert.equal(outcome, 'read');
    if (left > 0) return moment;
  }
}

export interface WalProperty {
  readonly name: string;
  check(parameters: { readonly seed?: number; readonly numRuns: number }): Promise<void>;
}

/** How often reading came to an end, and how often the files would not stay still. */
export interface ReadOutcomes {
  read: number;
  busy: number;
}

/** What must hold of our view of another program's database. */
export function walProperties(sqlJs: SqlJs, outcomes: ReadOutcomes): readonly WalProperty[] {
  const view = fc.asyncProperty(histories, (history) => viewIsWhatSqliteMakes(sqlJs, history));
  const moment = fc.asyncProperty(histories, interruptions, async (history, between) => {
    const { outcome } = await readingSeesOneMoment(sqlJs, history, between);
    outcomes[outcome]++;
  });
  return [
    { name: 'the view is what SQLite makes of the same files', check: (parameters) => fc.assert(view, parameters) },
    { name: 'reading while another program writes sees one moment', check: (parameters) => fc.assert(moment, parameters) },
  ];
}
