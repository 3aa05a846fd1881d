import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import type { CloudStore } from '../../../src/engine/cloud/cloudPorts.ts';
import type { MemoryStore, SqlDatabase, SqlValue } from '../../../src/engine/ports.ts';
import { examineUpgrade } from '../../../src/engine/upgrade/diagnose.ts';
import { repairCloudUpgrade } from '../../../src/engine/upgrade/repair.ts';
import { SqlCloudStore } from '../../../src/store/cloudStore.ts';
import { SqlMemoryStore } from '../../../src/store/memoryStore.ts';
import { goldenPath } from '../../golden.ts';
import { memoryDatabase } from '../store/testDatabase.ts';

type Row = Readonly<Record<string, SqlValue>>;

interface Said {
  readonly stdout: string;
}

interface FindingCase {
  readonly name: string;
  readonly journal: readonly Row[];
  readonly doctor: Said;
  readonly repair: Said;
  readonly repair_apply: Said;
  readonly journal_after: readonly Row[];
  readonly state_after: readonly Row[];
}

interface Findings {
  readonly rows: Readonly<Record<string, readonly Row[]>>;
  readonly cases: readonly FindingCase[];
}

/** Where ours does better, and why; what it says instead. */
const BETTER: Readonly<Record<string, { readonly why: string; readonly class: string; readonly payload?: string }>> = {
  'session without directory, row has none': {
    why: 'W-21: a person can do nothing about it, so the project stands for the directory',
    class: 'repairable',
    payload: '{"id":"s-nodir","project":"demo","directory":"demo"}',
  },
  'session without directory, no row': {
    why: 'W-21, likewise',
    class: 'repairable',
    payload: '{"id":"s-none","project":"demo","directory":"demo"}',
  },
  'unsupported entity': { why: 'v1.16.1 has relations; this one lacks everything, and no row has it', class: 'blocked' },
  'two findings: repairable first, blocked second': {
    why: 'v1.16.1: the hopeless one is named, and the other is repaired',
    class: 'blocked',
  },
};

const path = goldenPath('cloud/upgrade/legacy-findings.json');
const golden: Findings = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { rows: {}, cases: [] };
const clock = { now: () => Date.parse('2026-11-24T10:00:00Z') };

function insert(database: SqlDatabase, table: string, row: Row): void {
  const columns = Object.keys(row);
  database.run(`INSERT INTO ${table}(${columns.join(', ')}) VALUES(${columns.map(() => '?').join(', ')})`, Object.values(row));
}

async function open({ journal }: FindingCase): Promise<{ database: SqlDatabase; cloud: CloudStore; store: MemoryStore }> {
  const database = await memoryDatabase();
  for (const [table, rows] of Object.entries(golden.rows)) for (const row of rows) insert(database, table, row);
  for (const row of journal) insert(database, 'sync_mutations', { target_key: 'cloud', ...row });
  const cloud = new SqlCloudStore(database);
  cloud.enroll('demo', '2026-11-24 09:00:00');
  return { database, cloud, store: new SqlMemoryStore(database) };
}

/** The lines of the command line's report, by their names. */
function lines({ stdout }: Said): Readonly<Record<string, string>> {
  return Object.fromEntries(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/: (.*)/).slice(0, 2)),
  );
}

function journalOf(database: SqlDatabase): readonly Row[] {
  return database.all('SELECT seq, entity, entity_key, op, payload, project, acked_at FROM sync_mutations ORDER BY seq');
}

/** A Go program has filled in the project column when it opened the database; ours reads it from the payload. */
function withoutProject(rows: readonly Row[]): readonly Row[] {
  return rows.map(({ project: _, ...row }) => row);
}

describe('the findings of an upgrade, against the Go program', () => {
  const same: string[] = [];
  const better: string[] = [];

  if (golden.cases.length === 0) it('is skipped: golden/cloud is absent', () => console.log('golden/cloud is absent: skipped'));

  it.each(golden.cases.filter(({ name }) => BETTER[name] === undefined))('are the same: $name', async (of) => {
    const parts = { ...(await open(of)), clock };
    const doctor = lines(of.doctor);
    expect(examineUpgrade(parts, { project: 'Demo', cloudConfigured: true })).toEqual({
      status: doctor['status'],
      class: doctor['class'],
      code: doctor['reason_code'],
      message: doctor['message'],
    });
    expect(parts.cloud.upgradeState('demo')).toMatchObject({ stage: `doctor_${doctor['status']}`, lastErrorCode: doctor['reason_code'] });
    for (const [said, apply] of [
      [of.repair, false],
      [of.repair_apply, true],
    ] as const) {
      const { class: reasonClass, reason_code: code, message, applied } = lines(said);
      const report = await repairCloudUpgrade(parts, 'demo', { apply });
      expect(report).toMatchObject({ class: reasonClass, code, message, applied: applied === 'true' });
    }
    expect(withoutProject(journalOf(parts.database))).toEqual(withoutProject(of.journal_after));
    const wasApplied = lines(of.repair_apply)['applied'] === 'true';
    if (wasApplied) expect(parts.cloud.upgradeState('demo')).toMatchObject({ stage: 'repair_applied', repairClass: 'repairable' });
    same.push(of.name);
  });

  it.each(golden.cases.filter(({ name }) => BETTER[name] !== undefined))('are better: $name', async (of) => {
    const expected = BETTER[of.name];
    const parts = { ...(await open(of)), clock };
    const report = examineUpgrade(parts, { project: 'demo', cloudConfigured: true });
    expect({ class: report.class, theirs: lines(of.doctor)['class'] }).toEqual({ class: expected?.class, theirs: 'blocked' });
    expect(report.message).not.toBe(lines(of.doctor)['message']);
    const repaired = await repairCloudUpgrade(parts, 'demo', { apply: true });
    if (expected?.payload !== undefined) {
      expect(journalOf(parts.database).map((row) => row['payload'])).toEqual([expected.payload]);
      expect(examineUpgrade(parts, { project: 'demo', cloudConfigured: true }).code).toBe('upgrade_ready');
    }
    expect(repaired.applied).toBe(of.name !== 'unsupported entity');
    better.push(of.name);
  });

  it('names the hopeless row, and repairs the others', async () => {
    const [of] = golden.cases.filter(({ name }) => name.startsWith('two findings'));
    if (!of) return;
    const parts = { ...(await open(of)), clock };
    const report = await repairCloudUpgrade(parts, 'demo', { apply: true });
    expect(report).toMatchObject({ class: 'blocked', code: 'upgrade_blocked_legacy_mutation_manual', applied: true });
    expect(report.message).toBe(
      "manual-action-required: decode session payload: invalid character 'o' in literal null (expecting 'u') (seq=102 entity=session op=upsert)",
    );
    expect(journalOf(parts.database).map((row) => row['payload'])).toEqual([
      '{"id":"s1","project":"demo","directory":"/home/alice/demo"}',
      'not json',
      '{"sync_id":"prompt-1","session_id":"s1","content":"Row prompt","project":"demo"}',
    ]);
  });

  afterAll(() => {
    if (golden.cases.length === 0) return;
    expect(same.length + better.length).toBe(46);
    console.log(
      `upgrade findings: ${same.length} as the Go program, ${better.length} better (${Object.values(BETTER)
        .map(({ why }) => why)
        .join('; ')})`,
    );
  });
});
