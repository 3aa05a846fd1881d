import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chunkId } from '../../src/engine/chunkCodec.ts';
import { EngramError } from '../../src/engine/errors.ts';
import { DEFAULT_LIMITS } from '../../src/engine/folderRequests.ts';
import { type MemoryFolder, openMemoryFolder } from '../../src/openFolder.ts';
import { Random } from '../simulation/random.ts';
import { chunkNames, FolderChecker } from '../support/checkFolder.ts';
import { baseManifest } from './baseChunk.ts';
import { type FuzzedChunk, fuzzedChunk } from './mutateChunk.ts';
import { mutateText } from './mutateText.ts';

/** Cases of one seed. */
export const CHUNKS_PER_SEED = 80;
export const MANIFESTS_PER_SEED = 20;

export type BatchPart = 'manifests' | 'chunks';

/** What a part cost; of the thread and its helpers, because a busy machine stretches the clock. */
export interface BatchCosts {
  /** CPU milliseconds of the dearest case. */
  readonly mostMs: number;
  /** Its name. */
  readonly dearest: string;
  /** Bytes of the process at its largest, less those it had when it stood ready. */
  readonly growth: number;
  /** The case after which it was. */
  readonly heaviest: string;
}

const WASM = resolve(import.meta.dirname, '../../node_modules/sql.js/dist/sql-wasm.wasm');
const GARBAGE_BYTES = 64 * 1024 * 1024;
const SOUND = ['first', 'second'].map((title) => {
  const row = {
    id: 1,
    sync_id: `sound-${title}`,
    session_id: 'sound',
    title,
    content: title,
    scope: 'project',
    created_at: '2026-01-01 10:00:00',
  };
  const session = { id: 'sound', project: 'demo', directory: 'demo', started_at: '2026-01-01 09:00:00' };
  const json = Buffer.from(JSON.stringify({ sessions: [session], observations: [row], prompts: null }));
  return { id: chunkId(json) as string, packed: gzipSync(json), title };
});

const SOUND_MANIFEST = baseManifest(SOUND.map(({ id }) => id));

/** Writes the spoiled files of one seed: a folder with chunks between two sound ones, and manifests. */
export function writeBatch(seed: number, place: string): void {
  const random = new Random(seed);
  const fuzzed = Array.from({ length: CHUNKS_PER_SEED }, () => fuzzedChunk(random)).filter(({ id }) =>
    SOUND.every((sound) => sound.id !== id),
  );
  const chunks = [...SOUND.slice(0, 1), ...fuzzed, ...SOUND.slice(1)];
  const root = join(place, 'chunks', '.engram');
  put(root, chunks);
  writeFileSync(join(root, 'manifest.json'), baseManifest([...new Set(chunks.map(({ id }) => id))]));
  put(join(place, 'manifests', '.engram'), SOUND);
  for (let number = 0; number < MANIFESTS_PER_SEED; number += 1) {
    const text = random.chance(0.05) ? Buffer.from(random.bytes(200)) : mutateText(SOUND_MANIFEST, random);
    writeFileSync(join(place, 'manifests', `${number}.json`), text);
  }
}

/**
 * Opens what {@link writeBatch} wrote: each chunk is imported or refused with one of our errors, each manifest likewise, what is sound is
 * imported, and the databases are whole.
 */
export async function runBatch(place: string, part: BatchPart): Promise<BatchCosts> {
  const tools = { checker: await FolderChecker.load(), meter: new Meter() };
  if (part === 'manifests') await spoiledManifests(join(place, 'manifests'), tools);
  else await spoiledChunks(join(place, 'chunks', '.engram'), tools);
  return tools.meter.costs;
}

interface Tools {
  readonly checker: FolderChecker;
  readonly meter: Meter;
}

/** Measures from one case to the next. */
class Meter {
  #name = '';
  #since = process.cpuUsage();
  #mostMs = 0;
  #dearest = '';
  #base = 0;
  #largest = 0;
  #heaviest = '';

  /** From here on memory counts. */
  ready(): void {
    this.#base = process.memoryUsage.rss();
  }

  next(name: string): void {
    const { user, system } = process.cpuUsage(this.#since);
    const ms = (user + system) / 1000;
    if (this.#name !== '' && ms > this.#mostMs) [this.#mostMs, this.#dearest] = [ms, this.#name];
    const rss = process.memoryUsage.rss();
    if (rss > this.#largest) [this.#largest, this.#heaviest] = [rss, this.#name];
    // What the cases before have left lying says nothing of this one.
    if (rss - this.#base > GARBAGE_BYTES) globalThis.gc?.();
    this.#name = name;
    this.#since = process.cpuUsage();
  }

  get costs(): BatchCosts {
    this.next('');
    return {
      mostMs: Math.round(this.#mostMs),
      dearest: this.#dearest,
      growth: Math.max(0, this.#largest - this.#base),
      heaviest: this.#heaviest,
    };
  }
}

function open(root: string, onReading: (id: string | undefined) => void): MemoryFolder {
  const options = { trusted: true, gitPath: '', limits: DEFAULT_LIMITS, author: 'alice', includePersonal: true, sessionId: 'vscode-fuzz' };
  return openMemoryFolder(
    { ...options, root, keepFolder: '' },
    { wasmPath: WASM, log: () => undefined, onReading, quarantined: () => false },
  );
}

function put(root: string, chunks: readonly Pick<FuzzedChunk, 'id' | 'packed'>[]): void {
  mkdirSync(join(root, 'chunks'), { recursive: true });
  for (const { id, packed } of chunks) writeFileSync(join(root, 'chunks', `${id}.jsonl.gz`), packed);
}

async function spoiledChunks(root: string, { checker, meter }: Tools): Promise<void> {
  const folder = open(root, (id) => id !== undefined && meter.next(`chunk ${id}`));
  await folder.state();
  meter.ready();
  const { problems } = await folder.importChunks({});
  const state = await folder.state();
  for (const chunk of state.chunks) {
    const isDone = chunk.state === 'imported' || chunk.problem !== undefined;
    assert.ok(isDone && !chunk.waiting, `${chunk.id} is ${chunk.state}`);
    if (chunk.problem) assert.match(chunk.problem.code, /^chunk-/, chunk.id);
  }
  assert.ok(
    problems.every(({ message }) => message.length < 600 && message.isWellFormed()),
    'a message with text of a chunk',
  );
  const { memories, edits, deletes } = await folder.importChunks({});
  assert.deepEqual({ memories, edits, deletes }, { memories: 0, edits: 0, deletes: 0 }, 'a second import changes something');
  assert.deepEqual((await folder.sync({})).exported.chunkIds, [], 'an imported folder exports something');
  await folder.close();
  meter.next('');
  const titles = checker.titles(root);
  for (const { title } of SOUND) assert.ok(titles.includes(title), `the sound chunk ${title} was not imported`);
}

async function spoiledManifests(place: string, { checker, meter }: Tools): Promise<void> {
  const root = join(place, '.engram');
  const folder = open(root, () => undefined);
  writeFileSync(join(root, 'manifest.json'), SOUND_MANIFEST);
  await folder.sync({});
  await folder.state();
  meter.ready();
  for (let number = 0; number < MANIFESTS_PER_SEED; number += 1) {
    meter.next(`manifest ${number}`);
    copyFileSync(join(place, `${number}.json`), join(root, 'manifest.json'));
    const state = await folder.state();
    assert.ok(['ok', 'foreign'].includes(state.folder), state.folder);
    await folder.importChunks({});
    await folder.save({ title: `Saved ${number}`, content: `beside the manifest ${number}` });
    await coded(folder.exportNew({}));
    await coded(folder.heal({}));
    if (await coded(folder.sync({}))) assert.deepEqual(unlisted(root), [], `after manifest ${number}`);
  }
  meter.next('');
  await folder.close();
  const titles = checker.titles(root);
  for (const { title } of SOUND) assert.ok(titles.includes(title), `the sound chunk ${title} was not imported`);
  assert.equal(titles.filter((title) => title.startsWith('Saved ')).length, MANIFESTS_PER_SEED);
}

/** @returns whether it worked; anything but one of our errors goes on. */
async function coded(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (EngramError.is(error)) return false;
    throw error;
  }
}

/** Chunk files that no entry of the manifest names. */
function unlisted(root: string): string[] {
  const { chunks } = JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')) as { chunks: ({ id?: unknown } | null)[] };
  const listed = new Set(chunks.map((entry) => (typeof entry?.id === 'string' ? `${entry.id}.jsonl.gz` : '')));
  return chunkNames(root).filter((name) => !listed.has(name));
}
