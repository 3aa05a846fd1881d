import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileTransport } from '../../../src/adapters/chunkFolder.ts';
import { EngramError } from '../../../src/engine/errors.ts';
import { DEFAULT_LIMITS } from '../../../src/engine/folderRequests.ts';
import { type ChunkEntry, type ChunkId, EMPTY_MANIFEST, isChunkId } from '../../../src/engine/manifest.ts';
import type { WriteGuard } from '../../../src/engine/ports.ts';
import { corpusPath } from '../../golden.ts';
import { scratchFolder } from '../../support/scratch.ts';

const JSON_BYTES = Buffer.from('{"sessions":null,"observations":null,"prompts":null}');
const ENTRY: ChunkEntry = {
  id: 'aaaaaaaa' as ChunkId,
  createdBy: 'ann',
  createdAt: '2026-01-01T00:00:00Z',
  sessions: 0,
  memories: 0,
  prompts: 0,
};

interface Folder {
  readonly root: string;
  readonly transport: FileTransport;
}

function transportAt(root: string, guard?: WriteGuard, limits = DEFAULT_LIMITS): FileTransport {
  return new FileTransport(root, { limits, guard: () => guard });
}

/** A folder with a manifest and the chunk aaaaaaaa. */
async function folder(limits = DEFAULT_LIMITS): Promise<Folder> {
  const root = join(await scratchFolder(), '.engram');
  const transport = transportAt(root, undefined, limits);
  await transport.writeChunk('aaaaaaaa', JSON_BYTES, ENTRY);
  await transport.writeManifest({ ...EMPTY_MANIFEST, chunks: [ENTRY] });
  return { root, transport };
}

const chunkPath = (root: string, id = 'aaaaaaaa'): string => join(root, 'chunks', `${id}.jsonl.gz`);

describe('FileTransport', () => {
  it('gives back what it wrote', async () => {
    const { root, transport } = await folder();
    expect((await transport.readManifest()).chunks).toEqual([ENTRY]);
    expect(Buffer.from(await transport.readChunk('aaaaaaaa'))).toEqual(JSON_BYTES);
    expect(await transport.listChunks()).toMatchObject([{ id: 'aaaaaaaa' }]);
    expect((await readdir(root)).sort()).toEqual(['chunks', 'manifest.json']);
    expect(await readdir(join(root, 'chunks'))).toEqual(['aaaaaaaa.jsonl.gz']);
  });

  it('takes a folder that is not there for an empty one, and makes nothing by reading', async () => {
    const parent = await scratchFolder();
    const transport = transportAt(join(parent, '.engram'));
    expect(await transport.readManifest()).toMatchObject({ version: 2, chunks: [], absent: true });
    expect(await transport.listChunks()).toEqual([]);
    await expect(transport.readChunk('aaaaaaaa')).rejects.toMatchObject({ code: 'chunk-missing' });
    expect(await readdir(parent)).toEqual([]);
  });

  it('does not touch a chunk that holds the same bytes, however they are packed', async () => {
    const { root, transport } = await folder();
    const packed = gzipSync(JSON_BYTES, { level: 1 });
    await writeFile(chunkPath(root), packed);
    await transport.writeChunk('aaaaaaaa', JSON_BYTES, ENTRY);
    expect(await readFile(chunkPath(root))).toEqual(packed);
  });

  it.each([
    ['shorter', '{}'],
    ['other', `${JSON_BYTES}`.replace('null', 'nul1')],
    ['longer', `${JSON_BYTES} `],
    ['empty', ''],
  ])('never overwrites %s data', async (_name, text) => {
    const { root, transport } = await folder();
    await writeFile(chunkPath(root), gzipSync(text));
    await expect(transport.writeChunk('aaaaaaaa', JSON_BYTES, ENTRY)).rejects.toMatchObject({ code: 'chunk-collision' });
    expect(gunzipSync(await readFile(chunkPath(root))).toString()).toBe(text);
  });

  it('never overwrites a chunk that would unpack beyond every limit', async () => {
    const { root, transport } = await folder();
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    await writeFile(chunkPath(root), bomb);
    await expect(transport.writeChunk('aaaaaaaa', JSON_BYTES, ENTRY)).rejects.toMatchObject({ code: 'chunk-collision' });
    expect((await readFile(chunkPath(root))).length).toBe(bomb.length);
  });

  it('replaces what a crash left: an empty, a cut and a garbled file', async () => {
    const { root, transport } = await folder();
    for (const torn of [Buffer.alloc(0), gzipSync(JSON_BYTES).subarray(0, 20), Buffer.from('garbage')]) {
      await writeFile(chunkPath(root), torn);
      await transport.writeChunk('aaaaaaaa', JSON_BYTES, ENTRY);
      expect(Buffer.from(await transport.readChunk('aaaaaaaa'))).toEqual(JSON_BYTES);
    }
  });

  it('writes nothing once the lock is lost', async () => {
    const { root } = await folder();
    const lost = transportAt(root, () => Promise.reject(new EngramError('lock-lost', 'gone')));
    const before = await readFile(join(root, 'manifest.json'));
    await expect(lost.writeManifest(EMPTY_MANIFEST)).rejects.toMatchObject({ code: 'lock-lost' });
    await expect(lost.writeChunk('bbbbbbbb', JSON_BYTES, ENTRY)).rejects.toMatchObject({ code: 'lock-lost' });
    expect(await readFile(join(root, 'manifest.json'))).toEqual(before);
    expect(await readdir(join(root, 'chunks'))).toEqual(['aaaaaaaa.jsonl.gz']);
  });

  it('lists chunk files only, and says which are no plain files', async () => {
    const { root, transport } = await folder();
    const other = ['notes.md', 'a b.jsonl.gz', '.hidden.jsonl.gz', 'x.jsonl', '.jsonl.gz', `${'a'.repeat(129)}.jsonl.gz`, 'a.b.jsonl.gz'];
    for (const name of other) await writeFile(join(root, 'chunks', name), '');
    await mkdir(chunkPath(root, 'folder00'));
    await symlink('aaaaaaaa.jsonl.gz', chunkPath(root, 'link0000'));
    await writeFile(chunkPath(root, 'my_chunk-1'), 'xyz');
    const found = [...(await transport.listChunks())].sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(found.map(({ id, problem }) => [id, problem])).toEqual([
      ['aaaaaaaa', undefined],
      ['folder00', 'not-regular-file'],
      ['link0000', 'not-regular-file'],
      ['my_chunk-1', undefined],
    ]);
    expect(found.at(-1)).toMatchObject({ size: 3, mtimeMs: expect.any(Number) });
  });

  it('never leaves the folder, whatever the name of a chunk', async () => {
    const { root, transport } = await folder();
    const hostile = ['', '.', '..', '../../x', 'a/b', 'C:\\x', 'a\\b', '/etc/passwd', 'a\0b', 'a\n', 'é', 'aaaaaaaa.jsonl.gz'];
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.constantFrom(...hostile), fc.string(), fc.stringMatching(/^[./\\]{1,4}[a-z]*$/)), async (id) => {
        fc.pre(!isChunkId(id));
        await expect(transport.readChunk(id)).rejects.toMatchObject({ code: 'invalid-input' });
        await expect(transport.writeChunk(id, JSON_BYTES, ENTRY)).rejects.toMatchObject({ code: 'invalid-input' });
      }),
    );
    expect(await readdir(join(root, '..'))).toEqual(['.engram']);
  });
});

describe('FileTransport and real folders', () => {
  it('reads every chunk of the corpus under its name', async (context) => {
    if (!existsSync(corpusPath())) {
      console.log('corpus not found, skipped');
      context.skip();
    }
    let chunks = 0;
    for (const name of await readdir(corpusPath())) {
      const root = corpusPath(name, '.engram');
      if (!existsSync(root)) continue;
      const transport = transportAt(root);
      expect((await transport.readManifest()).chunks.length).toBeGreaterThan(0);
      for (const { id } of await transport.listChunks()) {
        const bytes = await transport.readChunk(id);
        expect(createHash('sha256').update(bytes).digest('hex').slice(0, 8)).toBe(id);
        chunks += 1;
      }
    }
    expect(chunks).toBe(11);
  });
});

describe('FileTransport and bad input', () => {
  it.each([
    ['not JSON', '{', 'manifest-invalid'],
    ['empty', '', 'manifest-invalid'],
    ['conflict markers', '<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> x\n', 'manifest-conflict'],
  ])('a manifest that is %s', async (_name, text, code) => {
    const { root, transport } = await folder();
    await writeFile(join(root, 'manifest.json'), text);
    await expect(transport.readManifest()).rejects.toMatchObject({ code });
    expect(await transport.listChunks()).toHaveLength(1);
  });

  it('a manifest that is huge is not read', async () => {
    const { root, transport } = await folder();
    await truncate(join(root, 'manifest.json'), 4_000_000_000);
    await expect(transport.readManifest()).rejects.toMatchObject({ code: 'manifest-too-large', subject: 'manifest.json' });
  });

  it('a manifest that is a folder', async () => {
    const { root, transport } = await folder();
    await rm(join(root, 'manifest.json'));
    await mkdir(join(root, 'manifest.json'));
    await expect(transport.readManifest()).rejects.toMatchObject({ code: 'not-regular-file' });
    await expect(transport.writeManifest(EMPTY_MANIFEST)).rejects.toMatchObject({ code: 'not-regular-file' });
  });

  it('a chunk that is missing, a bomb, or too large when packed', async () => {
    const { root, transport } = await folder();
    await expect(transport.readChunk('bbbbbbbb')).rejects.toMatchObject({ code: 'chunk-missing', subject: 'chunks/bbbbbbbb.jsonl.gz' });
    await writeFile(chunkPath(root), gzipSync(Buffer.alloc(300_000_000)));
    await expect(transport.readChunk('aaaaaaaa')).rejects.toMatchObject({ code: 'chunk-too-large' });
    await truncate(chunkPath(root), 4_000_000_000);
    await expect(transport.readChunk('aaaaaaaa')).rejects.toMatchObject({ code: 'chunk-too-large' });
  });

  it('random data as large as the limit still fits, packed', async () => {
    const limits = { ...DEFAULT_LIMITS, maxChunkBytes: 1_000_000 };
    const { transport } = await folder(limits);
    const noise = Buffer.alloc(limits.maxChunkBytes).map(() => Math.random() * 256);
    await transport.writeChunk('bbbbbbbb', noise, ENTRY);
    expect(Buffer.from(await transport.readChunk('bbbbbbbb')).equals(noise)).toBe(true);
  });
});

describe('FileTransport and symbolic links', () => {
  /** Every action, so that none is forgotten for one of the places. */
  const actions: Readonly<Record<string, (transport: FileTransport) => Promise<unknown>>> = {
    readManifest: (transport) => transport.readManifest(),
    writeManifest: (transport) => transport.writeManifest(EMPTY_MANIFEST),
    readChunk: (transport) => transport.readChunk('aaaaaaaa'),
    writeChunk: (transport) => transport.writeChunk('aaaaaaaa', Buffer.from('other'), ENTRY),
    listChunks: (transport) => transport.listChunks(),
  };
  const places: readonly (readonly [place: string, refused: readonly string[]])[] = [
    ['.', Object.keys(actions)],
    ['chunks', ['readChunk', 'writeChunk', 'listChunks']],
    ['manifest.json', ['readManifest', 'writeManifest']],
    ['chunks/aaaaaaaa.jsonl.gz', ['readChunk', 'writeChunk']],
  ];

  it.each(places)('at %s refuse what goes through them', async (place, refused) => {
    const { root, transport } = await folder();
    const outside = join(root, '..', 'outside');
    await rename(join(root, place), outside);
    await symlink(outside, join(root, place));
    for (const name of refused) {
      await expect(actions[name]?.(transport), name).rejects.toMatchObject({ code: 'not-regular-file' });
    }
  });

  it('that point nowhere create nothing at their end', async () => {
    const { root, transport } = await folder();
    await rm(chunkPath(root));
    await symlink(join(root, '..', 'created'), chunkPath(root));
    await expect(transport.writeChunk('aaaaaaaa', JSON_BYTES, ENTRY)).rejects.toMatchObject({ code: 'not-regular-file' });
    expect(await readdir(join(root, '..'))).toEqual(['.engram']);
  });

  it.skipIf(process.platform === 'win32')('and named pipes do not block (needs mkfifo)', async () => {
    const { root, transport } = await folder();
    const { execFileSync } = await import('node:child_process');
    await rm(chunkPath(root));
    execFileSync('mkfifo', [chunkPath(root)]);
    await expect(transport.readChunk('aaaaaaaa')).rejects.toMatchObject({ code: 'not-regular-file' });
    expect(await transport.listChunks()).toMatchObject([{ problem: 'not-regular-file' }]);
  });
});
