import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { SqlDatabase } from '../../../src/engine/ports.ts';
import { SqlMemoryStore } from '../../../src/store/memoryStore.ts';
import { goldenPath } from '../../golden.ts';
import { memoryDatabase } from './testDatabase.ts';

interface Step {
  readonly op: string;
  readonly db?: string;
  readonly sql?: readonly string[];
}

interface Case {
  readonly name: string;
  readonly steps: readonly Step[];
}

const path = goldenPath('local', 'export.json');
const cases: readonly Case[] = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Case[]) : [];
if (cases.length === 0) console.log(`${path} not found, skipped`);

const COMPARED = `SELECT sync_id, session_id, hex(CAST(type AS BLOB)) AS type, hex(CAST(title AS BLOB)) AS title, hex(CAST(content AS BLOB)) AS content,
  tool_name, project, scope, topic_key, revision_count, duplicate_count, last_seen_at, created_at, updated_at, deleted_at FROM observations`;
const TABLES = [
  'SELECT * FROM sessions ORDER BY id',
  `${COMPARED} ORDER BY id`,
  'SELECT sync_id, session_id, hex(CAST(content AS BLOB)) AS content, project, created_at FROM user_prompts ORDER BY id',
  'SELECT * FROM prompt_tombstones ORDER BY sync_id',
];

function rows(database: SqlDatabase): unknown {
  return TABLES.map((sql) => database.all(sql));
}

it.skipIf(cases.length === 0).each(cases)(
  'rows of the golden export case $name come back, and are written byte by byte',
  async ({ steps }) => {
    const source = await memoryDatabase();
    for (const step of steps) {
      if (step.op === 'sql' && step.db === 'a') for (const sql of step.sql ?? []) source.run(sql);
    }
    const from = new SqlMemoryStore(source);
    const copy = await memoryDatabase();
    const to = new SqlMemoryStore(copy);
    for (const record of from.sessions()) to.writeSession(record);
    for (const record of from.observations()) to.writeObservation(record);
    for (const record of from.prompts()) to.writePrompt(record);
    for (const record of from.promptTombstones()) to.writePromptTombstone(record);
    expect(rows(copy)).toEqual(rows(source));
  },
);
