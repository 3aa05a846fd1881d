import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { findNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import { EngramError } from '../../../src/engine/errors.ts';
import { chunkNames } from '../../support/folder.ts';
import { agentSaves, integrityOf } from '../../support/liveDatabase.ts';
import { LiveMember, memoryRow, receive, sessionRow } from '../../support/liveMember.ts';

const native = findNodeSqlite();
if (!native) process.stdout.write('node:sqlite: this host has none with FTS5, so no database is busy.\n');

const FOR_EVER = 3_600_000;

/** A program that has begun to write, and ends that after so many ms; or that has the whole database to itself. */
async function holder(path: string, ms: number, mode: 'write' | 'exclusive' = 'write'): Promise<ChildProcess> {
  const program = `
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(${JSON.stringify(path)});
    db.exec("PRAGMA busy_timeout = 5000${mode === 'exclusive' ? '; PRAGMA locking_mode = EXCLUSIVE' : ''}; BEGIN IMMEDIATE; UPDATE sessions SET project = project");
    process.stdout.write('held');
    setTimeout(() => { db.exec('COMMIT'); db.close(); }, ${ms});`;
  const child = spawn(process.execPath, ['--no-warnings', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

/** Longest stretch in ms in which nothing else of this thread had its turn. */
function watchThread(): () => number {
  let [last, longest] = [performance.now(), 0];
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 5);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

async function member(): Promise<LiveMember> {
  const ann = new LiveMember();
  ann.agent((database) => {
    agentSaves(database, 'obs-1');
    agentSaves(database, 'obs-2');
  });
  await ann.folder.sync({});
  const observations = [memoryRow('obs-bob')];
  receive(ann.root, { sessions: [sessionRow('s-bob')], observations });
  ann.agent((database) => agentSaves(database, 'obs-3'));
  return ann;
}

type Attempt = readonly [string, (ann: LiveMember, signal?: AbortSignal) => Promise<unknown>];
const ATTEMPTS: readonly Attempt[] = [
  ['an import', (ann, signal) => ann.folder.importChunks({}, { ...(signal && { signal }) })],
  ['an export', (ann, signal) => ann.folder.exportNew({}, { ...(signal && { signal }) })],
  ['a save', (ann, signal) => ann.folder.save({ title: 'A walrus', content: 'c', project: 'demo' }, { ...(signal && { signal }) })],
  ['an edit', (ann, signal) => ann.folder.edit('obs-1', { title: 'Edited' }, { ...(signal && { signal }) })],
  ['a deletion', (ann, signal) => ann.folder.remove('obs-2', { ...(signal && { signal }) })],
  ['an enrolment', (ann, signal) => ann.folder.cloudEnroll('demo', { ...(signal && { signal }) })],
  ['a copy', (ann, signal) => ann.folder.copyMemories({ to: 'live' }, { ...(signal && { signal }) })],
];

async function waitsFor(ms: number): Promise<void> {
  const ann = await member();
  // An older program adds a row that has no id yet: opening has to write.
  const nameless = `INSERT INTO observations(session_id, type, title, content) VALUES('manual-save-demo', 'manual', 'Nameless', 'c')`;
  ann.agent((database) => database.exec(nameless));
  await ann.reopen();
  const child = await holder(ann.livePath, ms);
  const started = performance.now();
  for (const [, attempt] of ATTEMPTS) await attempt(ann);
  expect(performance.now() - started).toBeGreaterThan(ms - 500);
  if (child.exitCode === null) await once(child, 'close');
  expect(ann.titles()).toEqual(expect.arrayContaining(['A walrus', 'Edited', 'Title of obs-3', 'Title of obs-bob']));
  expect(integrityOf(ann.livePath)).toEqual(['ok']);
}

async function isTold(): Promise<void> {
  const ann = await member();
  await ann.folder.state();
  const before = chunkNames(ann.root);
  const child = await holder(ann.livePath, FOR_EVER);
  try {
    const whom = process.platform === 'linux' ? expect.stringContaining(`(process ${child.pid})`) : 'another program';
    await expect(ann.folder.exportNew({})).rejects.toMatchObject({ code: 'store-locked', subject: whom });
    expect(chunkNames(ann.root)).toEqual(before);
    expect(await ann.folder.state()).toMatchObject({ database: 'ok', toShare: { memories: 1 }, chunkTotals: { waiting: 1 } });
    expect(await ann.folder.search('Title', {})).toHaveLength(3);
    expect((await ann.folder.doctor()).findings.map(({ code }) => code)).not.toContain('database-problem');
  } finally {
    await killed(child);
  }
  expect(await ann.folder.sync({})).toMatchObject({ imported: { memories: 1 }, exported: { memories: 1 } });
}

async function isCancelled([name, attempt]: Attempt): Promise<void> {
  const ann = await member();
  const child = await holder(ann.livePath, FOR_EVER);
  try {
    const abort = new AbortController();
    const answer = attempt(ann, abort.signal).then(
      () => 'done',
      (error: unknown) => (EngramError.is(error) ? error.code : error),
    );
    await sleep(700);
    abort.abort();
    const late = sleep(4000).then(() => 'late');
    expect([name, await Promise.race([answer, late])]).toEqual([name, 'cancelled']);
  } finally {
    await killed(child);
  }
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

describe.runIf(native)('what an agent changes while it is waited for', () => {
  /** An agent that has begun to write, and goes on when `work` waits for it. */
  async function meanwhile<T>(ann: LiveMember, work: () => Promise<T>, statements: string): Promise<T> {
    const agent = new DatabaseSync(ann.livePath);
    try {
      agent.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE');
      const running = work();
      await sleep(600);
      agent.exec(`${statements}; COMMIT`);
      return await running;
    } finally {
      agent.close();
    }
  }

  it('is not undone with the import that brought the row', async () => {
    const ann = new LiveMember();
    const id = receive(ann.root, { sessions: [sessionRow('s-bob')], observations: [memoryRow('obs-1'), memoryRow('obs-2')] });
    await ann.folder.sync({});
    const edit = `UPDATE observations SET title = 'By an agent', updated_at = '2027-01-01 10:00:00', revision_count = 2 WHERE sync_id = 'obs-1'`;
    expect(await meanwhile(ann, () => ann.folder.undoImport(id), edit)).toMatchObject({ memories: 1 });
    expect(ann.titles()).toEqual(['By an agent']);
  });

  it('is not covered by a placeholder', async () => {
    const ann = new LiveMember();
    ann.agent((database) => {
      database.exec('PRAGMA foreign_keys = OFF');
      const row = `INSERT INTO observations(sync_id, session_id, type, title, content, project) VALUES('obs-1', 's-late', 'manual', 't', 'c', 'demo')`;
      database.exec(row);
    });
    const session = `INSERT INTO sessions(id, project, directory, summary) VALUES('s-late', 'demo', '/home/ann/demo', 'Mine')`;
    await meanwhile(ann, () => ann.folder.repairHealth(['placeholder-sessions']), session);
    expect(ann.agent((database) => database.prepare(`SELECT summary FROM sessions WHERE id = 's-late'`).get())).toEqual({
      summary: 'Mine',
    });
  });
});

describe.runIf(native)('while another program writes the database', () => {
  it('everything waits for it, told is only who would wait for ever, and the thread is free meanwhile', async () => {
    const longest = watchThread();
    await Promise.all([waitsFor(3000), waitsFor(12_000), isTold()]);
    const stretch = longest();
    process.stdout.write(`waiting for a busy database held up the thread for ${Math.round(stretch)} ms at most.\n`);
    expect(stretch).toBeLessThan(2000);
  }, 60_000);

  it('whatever waits for it is cancelled at once', async () => {
    await Promise.all(ATTEMPTS.map(isCancelled));
  }, 60_000);

  it('and has all of it to itself, the state says so, and is right again afterwards', async () => {
    const ann = await member();
    await ann.folder.close();
    const child = await holder(ann.livePath, FOR_EVER, 'exclusive');
    const longest = watchThread();
    const blocked = { database: 'unreadable', problems: [{ code: 'store-locked' }], live: { project: 'demo' } };
    expect(await ann.folder.state()).toMatchObject(blocked);
    expect(await ann.folder.databaseVersion()).toMatch(/store-locked$/);
    expect(longest()).toBeLessThan(2000);
    await killed(child);
    expect(await ann.folder.databaseVersion()).not.toMatch(/store-locked$/);
    expect(await ann.folder.state()).toMatchObject({ database: 'ok', problems: [] });
  }, 60_000);
});
