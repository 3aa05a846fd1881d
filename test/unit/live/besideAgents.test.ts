import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { findNodeSqlite } from '../../../src/adapters/nodeSqlite.ts';
import { openIn } from '../../support/folder.ts';
import { agentSaves, integrityOf, journalModeOf, searchAsProgram } from '../../support/liveDatabase.ts';
import { LiveMember, memoryRow, receive, sessionRow } from '../../support/liveMember.ts';

if (!findNodeSqlite()) process.stdout.write('node:sqlite: this host has none with FTS5, so nothing is written beside an agent.\n');

const ROWS = 2000;
const CHUNKS = 20;

/** What an agent's program does all day, in a process of its own: one transaction for each memory. Prints the busiest wait in ms. */
function agentProgram(path: string): string {
  return `
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(${JSON.stringify(path)});
    db.exec("PRAGMA busy_timeout = 5000; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
    db.exec("INSERT OR IGNORE INTO sessions(id, project, directory) VALUES('s-agent', 'demo', '/home/ann/demo')");
    const insert = db.prepare("INSERT INTO observations(sync_id, session_id, type, title, content, project) VALUES(?, 's-agent', 'manual', ?, 'walrus', 'demo')");
    let longest = 0, index = 0;
    const step = () => {
      for (let burst = 0; burst < 10; burst++, index++) {
        const start = performance.now();
        db.exec('BEGIN IMMEDIATE');
        insert.run('obs-agent-' + index, 'agent ' + index);
        db.exec('COMMIT');
        longest = Math.max(longest, performance.now() - start);
      }
      if (index < ${ROWS}) setTimeout(step, 20);
      else { db.close(); process.stdout.write(String(Math.round(longest))); }
    };
    step();`;
}

function receiveMany(root: string): void {
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    const names = Array.from({ length: ROWS / CHUNKS }, (_, index) => `bob-${chunk}-${index}`);
    const observations = names.map((name) => memoryRow(`obs-${name}`, { title: name, content: 'narwhal' }));
    receive(root, { sessions: [sessionRow('s-bob')], observations });
  }
}

describe.runIf(findNodeSqlite())('beside a program that writes 2,000 memories', () => {
  it('imports 2,000 and exports again and again: all are there, nobody is told of a busy database', async () => {
    const ann = new LiveMember();
    receiveMany(ann.root);
    const child = spawn(process.execPath, ['--no-warnings', '-e', agentProgram(ann.livePath)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    let printed = '';
    child.stdout.on('data', (data: Buffer) => {
      printed += data.toString('utf8');
    });
    let exports = 0;
    while (child.exitCode === null) {
      await ann.folder.exportNew({});
      expect((await ann.folder.importChunks({})).problems).toEqual([]);
      exports += 1;
      await sleep(20);
    }
    expect(await ended).toEqual([0, null]);
    await ann.folder.sync({});
    process.stdout.write(`beside an agent: ${exports} exports and imports; its longest transaction took ${printed} ms.\n`);

    const count = (where: string) =>
      ann.agent((database) => database.prepare(`SELECT count(*) AS n FROM observations WHERE ${where}`).get());
    expect(count(`session_id = 's-agent'`)).toEqual({ n: ROWS });
    expect(count(`session_id = 's-bob'`)).toEqual({ n: ROWS });
    expect(searchAsProgram(ann.livePath, 'narwhal')).toHaveLength(ROWS);
    expect(integrityOf(ann.livePath)).toEqual(['ok']);
    expect(journalModeOf(ann.livePath)).toBe('wal');
    const bob = openIn(ann.root);
    expect(await bob.importChunks({})).toMatchObject({ memories: 2 * ROWS, problems: [] });
    expect((await ann.folder.sync({})).exported.chunkIds).toEqual([]);
  }, 120_000);
});

describe.runIf(findNodeSqlite())('the question whether an agent saved something', () => {
  it('costs less than a thousandth of a second', async () => {
    const ann = new LiveMember();
    ann.agent((database) => {
      database.exec('PRAGMA synchronous = OFF; BEGIN');
      for (let index = 0; index < ROWS; index++) agentSaves(database, `obs-${index}`, { content: 'x'.repeat(1000) });
      database.exec('COMMIT');
    });
    await ann.folder.state();
    const times = Array.from({ length: 200 }, () => 0);
    for (const index of times.keys()) {
      const start = performance.now();
      await ann.folder.databaseVersion();
      times[index] = performance.now() - start;
    }
    const median = times.toSorted((a, b) => a - b)[100] ?? 0;
    process.stdout.write(`the version of a live database of ${ROWS} memories: ${median.toFixed(3)} ms.\n`);
    expect(median).toBeLessThan(1);
  });
});
