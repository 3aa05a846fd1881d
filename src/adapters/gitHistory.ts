import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EngramError } from '../engine/errors.ts';
import type { ChunkId } from '../engine/manifest.ts';
import type { FolderHistory } from '../engine/ports.ts';
import { parseBatchCheck } from './gitBranches.ts';
import { type GitRun, runGit } from './gitProcess.ts';

/** Where a folder stands in its repository. */
export interface GitPlace {
  /** Absolute path of the git executable. */
  readonly gitPath: string;
  /** Absolute path of the work tree. */
  readonly workTree: string;
  /** Path of `.engram` in the work tree, with `/`. */
  readonly folder: string;
}

/** Versions of one file that are looked at, newest first. */
const MAX_MANIFESTS = 200;
const MAX_VERSIONS = 20;
/** Paths of one `git log`: a command line has its limit, too. */
const PATHS_AT_ONCE = 200;

/** What git leaves in its folder while something is under way that will write the work tree once more. Source: git's `wt-status.c`. */
const OPERATIONS = [
  'index.lock',
  'MERGE_HEAD',
  'MERGE_AUTOSTASH',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'BISECT_LOG',
  'rebase-merge',
  'rebase-apply',
  'sequencer',
];

/** What the repository remembers of the files of one `.engram`: all local and remote-tracking branches, tags and stashes. Reads only. */
export class GitHistory implements FolderHistory {
  readonly #place: GitPlace;

  constructor(place: GitPlace) {
    this.#place = place;
  }

  async unmergedManifests(): Promise<readonly Uint8Array[]> {
    const output = await this.#text(['ls-files', '--unmerged', '-z', '--', this.#path('manifest.json')]);
    const oids = output.split('\0').map((line) => /^\d+ ([0-9a-f]+) [123]\t/.exec(line)?.[1]);
    const found = await Promise.all(oids.map((oid) => (oid === undefined ? undefined : this.#blob(oid))));
    return found.filter((bytes) => bytes !== undefined);
  }

  async committedManifest(): Promise<Uint8Array | undefined> {
    return this.#blob(`HEAD:${this.#path('manifest.json')}`);
  }

  async *manifestVersions(): AsyncIterable<Uint8Array> {
    for (const oid of (await this.#versions(['manifest.json'], MAX_MANIFESTS)).get('manifest.json') ?? []) {
      const bytes = await this.#blob(oid);
      if (bytes) yield bytes;
    }
  }

  async chunkVersions(ids: readonly ChunkId[]): Promise<ReadonlyMap<ChunkId, readonly string[]>> {
    const found = new Map<ChunkId, readonly string[]>();
    for (let start = 0; start < ids.length; start += PATHS_AT_ONCE) {
      const some = ids.slice(start, start + PATHS_AT_ONCE);
      const versions = await this.#versions(some.map(chunkName));
      for (const id of some) found.set(id, (versions.get(chunkName(id)) ?? []).slice(0, MAX_VERSIONS));
    }
    return found;
  }

  async readVersion(oid: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const [info] = parseBatchCheck(await this.#text(['cat-file', '--batch-check'], { input: `${oid}\n` }));
    return info?.type === 'blob' && info.size <= maxBytes ? this.#blob(oid, maxBytes) : undefined;
  }

  async isBusy(): Promise<boolean> {
    const lines = (await this.#text(['rev-parse', '--absolute-git-dir'])).split('\n');
    const folder = resolve(this.#place.workTree, lines[0] ?? '');
    return OPERATIONS.some((name) => existsSync(join(folder, name)));
  }

  /**
   * The objects that stood at some paths, newest first. `--full-history` with `-m`: else git leaves out the side of a merge whose version
   * was thrown away, and that is where a lost entry stands.
   */
  async #versions(names: readonly string[], commits?: number): Promise<Map<string, string[]>> {
    const paths = names.map((name) => this.#path(name));
    const limit = commits === undefined ? [] : [`--max-count=${commits}`];
    const format = ['--format=', '--raw', '-z', '--no-abbrev', '--no-renames', '-m', '--full-history'];
    const output = await this.#text(['log', '--all', 'HEAD', ...limit, ...format, '--', ...paths], { answers: [128] });
    const found = new Map<string, Set<string>>();
    const fields = output.split('\0');
    for (const [at, field] of fields.entries()) {
      const oid = /:\d+ \d+ [0-9a-f]+ ([0-9a-f]+) [A-Z]$/.exec(field)?.[1];
      const name = fields[at + 1]?.slice(this.#place.folder.length + 1);
      if (oid === undefined || name === undefined || /^0+$/.test(oid)) continue;
      found.set(name, (found.get(name) ?? new Set()).add(oid));
    }
    return new Map([...found].map(([name, oids]) => [name, [...oids]]));
  }

  /** `undefined` where there is no such object here: a clone may have left it on the server, and nothing is downloaded. */
  async #blob(name: string, maxBytes?: number): Promise<Uint8Array | undefined> {
    const limit = maxBytes === undefined ? {} : { maxBytes: maxBytes + 1 };
    const { code, output } = await this.#run(['cat-file', 'blob', name], { answers: [1, 128], ...limit });
    return code === 0 ? output : undefined;
  }

  #path(name: string): string {
    if (this.#place.folder.includes('\n')) throw new EngramError('git-failed', 'The name of the folder has a line break.');
    return `${this.#place.folder}/${name}`;
  }

  async #text(args: readonly string[], run?: GitRun): Promise<string> {
    return (await this.#run(args, run)).output.toString('utf8');
  }

  #run(args: readonly string[], run?: GitRun): Promise<{ code: number; output: Buffer }> {
    return runGit(this.#place.gitPath, this.#place.workTree, args, run);
  }
}

function chunkName(id: ChunkId): string {
  return `chunks/${id}.jsonl.gz`;
}
