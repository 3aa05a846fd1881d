import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { dist } from '../../scripts/paths.ts';
import { memoryRecord, putFolder, sessionRecord } from '../support/chunks.ts';
import { chunkNames, engramFolder, temporaryFolder } from '../support/folder.ts';

/** As a git hook or a CI job runs it: no terminal, nothing to read from. */
function run(folder: string, ...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(dist, 'cli.js'), ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: path.join(folder, 'no-home'), GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    timeout: 20_000,
  });
  return { code: status, out: stdout, err: stderr };
}

/** The answer of a run with `--json`: the whole of its standard output. */
function json(folder: string, ...args: string[]): { code: number | null; value: Record<string, unknown>; err: string } {
  const { code, out, err } = run(folder, ...args, '--json');
  return { code, value: JSON.parse(out) as Record<string, unknown>, err };
}

function project(): string {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, '.engram'));
  return folder;
}

/** A folder whose second chunk is torn. */
function torn(): string {
  const root = engramFolder();
  const [, second] = putFolder(root, [
    { sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-1')] },
    { sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-2')] },
  ]);
  truncateSync(path.join(root, `chunks/${second}.jsonl.gz`), 60);
  return path.dirname(root);
}

describe('the built command line', () => {
  it('takes a memory from one folder to another, and each step says what it did', () => {
    const alice = project();
    expect(run(alice, 'init')).toMatchObject({ code: 0, err: '' });
    expect(run(alice, 'save', '--title', 'Prices are integers', '--content', 'In cents.')).toMatchObject({ code: 0, err: '' });
    expect(json(alice, 'export', '--created-by', 'alice')).toMatchObject({ code: 0, value: { memories: 1 }, err: '' });
    const bob = project();
    execFileSync('cp', ['-r', path.join(alice, '.engram/chunks'), path.join(alice, '.engram/manifest.json'), path.join(bob, '.engram')]);
    expect(json(bob, 'import')).toMatchObject({ code: 0, value: { chunks: 1, memories: 1 }, err: '' });
    expect(json(bob, 'sync')).toMatchObject({ code: 0, value: { imported: { memories: 0 }, exported: { chunkIds: [] } }, err: '' });
    expect(json(bob, 'status')).toMatchObject({ code: 0, value: { folder: 'ok', totals: { observations: 1 } }, err: '' });
    const [chunk = ''] = chunkNames(path.join(bob, '.engram'));
    expect(json(bob, 'undo', chunk.replace('.jsonl.gz', ''))).toMatchObject({ code: 0, value: { memories: 1 }, err: '' });
    expect(json(bob, 'sync')).toMatchObject({ code: 0, value: { imported: { memories: 0 }, exported: { chunkIds: [] } }, err: '' });
    expect(json(bob, 'import', chunk.replace('.jsonl.gz', ''))).toMatchObject({ code: 0, value: { memories: 1 } });
  });

  it.each(['sync', 'import'])('%s ends with 3 where a chunk could not be imported, and does the rest', (command) => {
    const folder = torn();
    const { code, value, err } = json(folder, command);
    expect(code).toBe(3);
    expect(JSON.stringify(value)).toContain('chunk-corrupt');
    expect(err).toBe('');
    expect(json(folder, 'status').value).toMatchObject({ totals: { observations: 1 } });
  });

  it('ends with 1 and says why on the standard error where something failed', () => {
    const folder = project();
    writeFileSync(path.join(folder, '.engram/manifest.json'), '<<<<<<< HEAD\n');
    run(folder, 'save', '--title', 'a', '--content', 'b');
    const { code, value, err } = json(folder, 'export');
    expect(code).toBe(1);
    expect(value).toMatchObject({ error: { code: 'manifest-conflict' } });
    expect(err).toMatch(/\[manifest-conflict\]\n$/);
    expect(run(folder, 'export').out).toBe('');
    expect(json(temporaryFolder(), 'status')).toMatchObject({ code: 1, value: { folder: 'absent' } });
    expect(run(temporaryFolder(), 'sync')).toMatchObject({ code: 1, out: '' });
  });

  it.each([[[]], [['unknown']], [['sync', '--unknown']], [['undo']], [['search', 'x', '--limit', 'y']]])(
    'ends with 2 where it was called wrongly: %j',
    (args) => {
      expect(run(project(), ...args).code).toBe(2);
    },
  );

  describe('doctor', () => {
    it('ends with 0 where all is well, 3 where there is something to do, 1 where it could not look', () => {
      const healthy = engramFolder();
      putFolder(healthy, [{ sessions: [sessionRecord('s1')], observations: [memoryRecord('obs-1')] }]);
      const folder = path.dirname(healthy);
      run(folder, 'import');
      expect(json(folder, 'doctor')).toMatchObject({ code: 0, err: '', value: { healthy: true, clone: { lost: 0 } } });
      expect(run(folder, 'doctor').out).toMatch(/^Would a fresh clone restore everything\? Yes/);
      expect(json(torn(), 'doctor')).toMatchObject({ code: 3, err: '', value: { healthy: false } });
      expect(run(temporaryFolder(), 'doctor')).toMatchObject({ code: 1, out: '' });
    });

    it('mends what is its to mend, and says what is left', () => {
      const root = engramFolder();
      putFolder(root, [{ observations: [memoryRecord('obs-1')] }], { version: 1 });
      const folder = path.dirname(root);
      run(folder, 'import');
      expect(json(folder, 'doctor')).toMatchObject({ code: 3 });
      const fixed = json(folder, 'doctor', '--fix');
      expect(fixed).toMatchObject({ code: 0, value: { healthy: true, repaired: { done: ['sessions-in-front'] } } });
      expect(run(folder, 'doctor', '--fix').out).not.toContain('Mended');
    });
  });
});
