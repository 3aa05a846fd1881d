import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

/** What can be wrong with an `.engram` that already holds good chunks, and what the view has to say about it. */
export interface Damage {
  readonly name: string;
  /** Expected in one row of the view *Chunks*, and in the log. */
  readonly says: RegExp;
  inflict(engram: string): void;
}

interface ManifestFile {
  chunks: { id: string }[];
}

const manifestOf = (engram: string) => path.join(engram, 'manifest.json');
const chunkFile = (engram: string, id: string) => path.join(engram, 'chunks', `${id}.jsonl.gz`);

/** Lists a further chunk; its file is whatever is given, or none. */
function list(engram: string, id: string, file?: Uint8Array): void {
  const manifest = JSON.parse(readFileSync(manifestOf(engram), 'utf8')) as ManifestFile;
  const entry = { id, created_by: 'mallory', created_at: '2026-03-01T10:00:00Z', sessions: 0, memories: 1, prompts: 0 };
  manifest.chunks.push(entry);
  writeFileSync(manifestOf(engram), JSON.stringify(manifest, undefined, 2));
  if (file) writeFileSync(chunkFile(engram, id), file);
}

/** A chunk whose name fits its content, so that only the content can be wrong. */
export function listJson(engram: string, json: string | Buffer): void {
  list(engram, createHash('sha256').update(json).digest('hex').slice(0, 8), gzipSync(json));
}

export const badChunks: readonly Damage[] = [
  { name: 'missing', says: /not here/, inflict: (engram) => list(engram, '0000aaaa') },
  { name: 'truncated', says: /0000bbbb/, inflict: (engram) => list(engram, '0000bbbb', gzipSync('{"sessions":null}').subarray(0, 20)) },
  { name: 'not gzip', says: /0000cccc/, inflict: (engram) => list(engram, '0000cccc', Buffer.from('plain text')) },
  { name: 'not JSON', says: /invalid character/, inflict: (engram) => listJson(engram, 'this is no JSON') },
  {
    name: 'a bare record',
    says: /single record/,
    inflict: (engram) => listJson(engram, '{"sync_id":"obs-1","session_id":"s","title":"t","content":"c"}'),
  },
  { name: '300 MB when unpacked', says: /larger than 32 MiB/, inflict: (engram) => listJson(engram, Buffer.alloc(300 * 1024 * 1024, 32)) },
  {
    name: 'a symbolic link',
    says: /0000dddd/,
    inflict: (engram) => {
      list(engram, '0000dddd');
      symlinkSync('/etc/hostname', chunkFile(engram, '0000dddd'));
    },
  },
  {
    name: 'hostile in its id',
    says: /cannot be used/,
    inflict: (engram) => {
      for (const id of ['../../x', 'C:\\x', 'a/b', '']) list(engram, id);
    },
  },
];

/** One row, whose session nobody has: it is imported all the same. */
export function listOrphan(engram: string, title: string): void {
  const row = {
    id: 1,
    sync_id: 'obs-orphan',
    session_id: 'nobody-has-this',
    type: 'manual',
    title,
    content: 'Content',
    scope: 'project',
    created_at: '2026-03-01 10:00:00',
    updated_at: '2026-03-01 10:00:00',
  };
  listJson(engram, JSON.stringify({ sessions: null, observations: [{ ...row, revision_count: 1, duplicate_count: 1 }], prompts: null }));
}

export const badManifests: readonly Damage[] = [
  { name: 'no JSON', says: /manifest.json cannot be read/, inflict: (engram) => writeFileSync(manifestOf(engram), 'hello') },
  { name: 'empty', says: /manifest.json (cannot be read|is written anew)/, inflict: (engram) => writeFileSync(manifestOf(engram), '') },
  {
    name: 'with conflict markers',
    says: /conflict markers/,
    inflict: (engram) => {
      const text = readFileSync(manifestOf(engram), 'utf8');
      writeFileSync(
        manifestOf(engram),
        text.replace('"chunks"', '<<<<<<< HEAD\n"chunks"').replace(/\n}\s*$/, '\n=======\n>>>>>>> theirs\n}'),
      );
    },
  },
  {
    name: 'a folder',
    says: /a link or a folder, not a file/,
    inflict: (engram) => {
      rmSync(manifestOf(engram));
      mkdirSync(manifestOf(engram));
    },
  },
  {
    name: 'huge',
    says: /larger than the limit/,
    inflict: (engram) => writeFileSync(manifestOf(engram), Buffer.alloc(17 * 1024 * 1024, 32)),
  },
  {
    name: 'a symbolic link',
    says: /a link or a folder, not a file/,
    inflict: (engram) => {
      renameSync(manifestOf(engram), path.join(engram, '../elsewhere.json'));
      symlinkSync('../elsewhere.json', manifestOf(engram));
    },
  },
];
