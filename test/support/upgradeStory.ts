import { readFileSync } from 'node:fs';
import { openSqlJs } from '../../src/adapters/sqlJs.ts';
import type { CloudStore } from '../../src/engine/cloud/cloudPorts.ts';
import { CloudSyncer } from '../../src/engine/cloud/cloudSyncer.ts';
import { enrollProject } from '../../src/engine/cloud/enrolment.ts';
import { HttpStatusError } from '../../src/engine/cloud/httpStatusError.ts';
import { EngramError } from '../../src/engine/errors.ts';
import { parseGoJson } from '../../src/engine/goJson.ts';
import type { FolderIndex, SqlDatabase, SqlValue, Transport } from '../../src/engine/ports.ts';
import { decodeMutationPayload, observationFromJson, promptFromJson } from '../../src/engine/recordCodec.ts';
import { type BootstrapSync, bootstrapProject } from '../../src/engine/upgrade/bootstrap.ts';
import { examineUpgrade } from '../../src/engine/upgrade/diagnose.ts';
import { repairCloudUpgrade } from '../../src/engine/upgrade/repair.ts';
import { rollbackProject } from '../../src/engine/upgrade/rollback.ts';
import { SqlCloudStore } from '../../src/store/cloudStore.ts';
import { openFolderIndex } from '../../src/store/folderIndex.ts';
import { SqlMemoryStore } from '../../src/store/memoryStore.ts';
import type { DatabaseKit } from '../simulation/memberDatabases.ts';
import { CloudModel, refusable } from './cloudModel.ts';

type Row = Readonly<Record<string, SqlValue>>;

export interface StoryStep {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly note?: string;
  readonly http?: readonly { readonly response: { readonly status: number; readonly body: string } | null }[];
  readonly sql?: string;
  readonly snapshot?: string;
  readonly tables?: Readonly<Record<string, readonly Row[]>>;
  readonly cloud_json?: string | null;
}

export function readStory(path: string): readonly StoryStep[] {
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly steps: readonly StoryStep[] }).steps;
}

/** Where ours and theirs are not the same: `<place>: <what>`, then both. */
export interface Difference {
  readonly at: string;
  readonly theirs: unknown;
  readonly ours: unknown;
}

const clock = { now: (): number => Date.parse('2026-11-24T10:00:00Z') };
const AT = '2026-11-24 10:00:00';
const PROJECT = 'demo';
const nothing = async (): Promise<void> => undefined;

/** Plays a recorded story of `engram cloud upgrade` with our functions, and says where it ends elsewhere. */
export class UpgradeStory {
  readonly differences: Difference[] = [];
  compared = 0;
  #config: string | undefined;
  #places = new Map<string, number>();
  readonly #database: SqlDatabase;
  readonly #cloud: CloudStore;
  readonly #store: SqlMemoryStore;
  readonly #index: FolderIndex;
  readonly #transport: Transport;
  #refusal: EngramError | undefined;

  constructor({ sqlJs, memories, index }: DatabaseKit, steps: readonly StoryStep[]) {
    this.#database = openSqlJs(sqlJs, memories);
    this.#cloud = new SqlCloudStore(this.#database);
    this.#store = new SqlMemoryStore(this.#database);
    this.#index = openFolderIndex(openSqlJs(sqlJs, index)).index;
    this.#transport = refusable(new CloudModel().transport(PROJECT), () => this.#refusal);
    this.#begin(steps);
  }

  async play(steps: readonly StoryStep[]): Promise<void> {
    for (const step of steps) {
      if (step.note?.includes('cloud.json is not JSON')) this.#config = '{broken';
      if (step.sql !== undefined) this.#database.run(step.sql);
      if (step.argv) await this.#command(step.argv.slice(1), step);
      if (step.snapshot !== undefined) this.#compareSnapshot(step.snapshot, step);
    }
  }

  /** The first snapshot, and all rows that the story's journals tell of; what its commands have done before it is taken back. */
  #begin(steps: readonly StoryStep[]): void {
    const first = steps.findIndex((step) => step.tables);
    const isTouched = steps.slice(0, first).some(({ argv }) => argv?.includes('upgrade') || argv?.includes('sync'));
    const tables = steps[first]?.tables ?? {};
    const journal = tables['sync_mutations'] ?? [];
    const pending = ['cloud', `cloud:${PROJECT}`].map((target_key) => ({ target_key, lifecycle: 'pending' }));
    const states = isTouched ? (journal.length > 0 ? pending : []) : (tables['sync_state'] ?? []);
    for (const row of tables['sessions'] ?? []) this.#insert('sessions', row);
    for (const row of states) this.#insert('sync_state', row);
    for (const row of journal) this.#insert('sync_mutations', isTouched ? { ...row, acked_at: null } : row);
    for (const step of steps) {
      for (const row of step.tables?.['sync_mutations'] ?? []) this.#remember(String(row['entity']), String(row['payload']));
    }
  }

  #insert(table: string, row: Row): void {
    const columns = Object.keys(row);
    this.#database.run(`INSERT INTO ${table}(${columns.join(', ')}) VALUES(${columns.map(() => '?').join(', ')})`, Object.values(row));
  }

  #remember(entity: string, payload: string): void {
    if (entity === 'observation') this.#store.writeObservation(observationFromJson(decodeMutationPayload(payload)));
    if (entity === 'prompt') this.#store.writePrompt(promptFromJson(decodeMutationPayload(payload)));
  }

  async #command(words: readonly string[], step: StoryStep): Promise<void> {
    const text = words.join(' ');
    if (text.startsWith('cloud config --server')) {
      this.#config = `{\n  "server_url": "${words.at(-1)}",\n  "token": ""\n}`;
    } else if (text.startsWith('cloud enroll')) {
      enrollProject(this.#cloud, words.at(-1) ?? '', AT);
    } else if (text.startsWith('sync --cloud --project')) {
      await this.#sync(step);
    } else if (text.startsWith('cloud upgrade') && step.stdout !== undefined && !step.stderr?.startsWith('u')) {
      await this.#upgrade(words[2] ?? '', step, text);
    }
  }

  async #upgrade(command: string, step: StoryStep, text: string): Promise<void> {
    const parts = { cloud: this.#cloud, store: this.#store, clock };
    const theirs = linesOf(step);
    const server = this.#server(step);
    if (command === 'doctor') {
      const { status, class: reasonClass, code, message } = examineUpgrade(parts, { project: 'Demo', cloudConfigured: server !== '' });
      this.#compare(text, theirs, { project: PROJECT, status, class: reasonClass, reason_code: code, message });
    } else if (command === 'repair') {
      const report = await repairCloudUpgrade(parts, PROJECT, { apply: text.includes('--apply') });
      const { class: reasonClass, code, message, applied } = report;
      this.#compare(text, theirs, { project: PROJECT, class: reasonClass, reason_code: code, message, applied: String(applied) });
    } else if (command === 'status') {
      this.#compare(text, theirs, this.#status());
    } else if (command === 'bootstrap' && server !== '') {
      this.#compare(text, theirs, await this.#outcome(() => this.#bootstrap(step)));
    } else if (command === 'rollback') {
      this.#compare(text, theirs, await this.#outcome(() => this.#rollback()));
    }
  }

  async #bootstrap(step: StoryStep): Promise<Readonly<Record<string, string>>> {
    const sync = refusing(this.#syncer, step, (error) => this.#refuse(error));
    const parts = { cloud: this.#cloud, store: this.#store, clock, sync, config: this.#configFile(), checkpoint: nothing };
    const { project, stage, resumed, noOp } = await bootstrapProject(parts, { project: 'Demo', createdBy: 'engram-cloud-upgrade' });
    return { project, stage, resumed: String(resumed), noop: String(noOp) };
  }

  async #rollback(): Promise<Readonly<Record<string, string>>> {
    const parts = { cloud: this.#cloud, clock, config: this.#configFile(), checkpoint: nothing };
    const { project, stage } = await rollbackProject(parts, { project: PROJECT });
    return { project, stage };
  }

  /** `engram sync --cloud`; a run that v1.14.0 could not even begin is none of an upgrade's. */
  async #sync(step: StoryStep): Promise<void> {
    if (/canonicalize|legacy mutation/.test(step.stderr ?? '')) return;
    this.#refuse(refusalOf(step.stderr ?? ''));
    await this.#syncer.export({ createdBy: 'alice' }).catch((error: unknown) => {
      if (!EngramError.is(error)) throw error;
    });
  }

  get #syncer(): CloudSyncer {
    const parts = { cloud: this.#cloud, store: this.#store, index: this.#index, clock, turn: nothing, project: PROJECT, save: nothing };
    return new CloudSyncer({ ...parts, transport: this.#transport });
  }

  #refuse(error: EngramError | undefined): void {
    this.#refusal = error;
  }

  async #outcome(work: () => Promise<Readonly<Record<string, string>>>): Promise<Readonly<Record<string, string>>> {
    try {
      return await work();
    } catch (error) {
      if (EngramError.is(error)) return { error: error.message };
      throw error;
    }
  }

  #status(): Readonly<Record<string, string>> {
    const state = this.#cloud.upgradeState(PROJECT);
    if (!state) return { project: PROJECT, stage: 'planned' };
    return {
      project: PROJECT,
      stage: state.stage,
      class: state.repairClass,
      reason_code: state.lastErrorCode,
      reason_message: state.lastErrorMessage,
    };
  }

  #configFile(): { read: () => Promise<string | undefined>; write: (text: string | undefined) => Promise<void> } {
    return {
      read: async () => this.#config,
      write: async (text) => {
        this.#config = text;
      },
    };
  }

  /** `''` where none is configured, or none that can be used. */
  #server({ env }: StoryStep): string {
    const fromFile = /"server_url": "([^"]*)"/.exec(this.#config ?? '')?.[1] ?? '';
    const server = env?.['ENGRAM_CLOUD_SERVER'] || fromFile;
    return /^https?:\/\/./.test(server) ? server : '';
  }

  #compareSnapshot(name: string, { tables, cloud_json: config }: StoryStep): void {
    const [theirs] = tables?.['cloud_upgrade_state'] ?? [];
    const [ours] = this.#database.all('SELECT * FROM cloud_upgrade_state');
    for (const column of ['stage', 'repair_class', 'last_error_code', 'snapshot_json'] as const) {
      this.#compare(`${name}, ${column}`, theirs?.[column], ours?.[column]);
    }
    this.#compare(
      `${name}, enrolled`,
      (tables?.['sync_enrolled_projects'] ?? []).map((row) => row['project']),
      this.#cloud.enrolledProjects(),
    );
    this.#compare(`${name}, cloud.json`, config ?? undefined, this.#config);
    this.#compare(`${name}, states`, statesOf(tables?.['sync_state'] ?? []), statesOf(this.#database.all('SELECT * FROM sync_state')));
    const journal = 'SELECT entity, entity_key, op, payload, acked_at, project FROM sync_mutations ORDER BY seq';
    this.#compare(`${name}, journal`, journalOf(tables?.['sync_mutations'] ?? []), journalOf(this.#database.all(journal)));
  }

  #compare(what: string, theirs: unknown, ours: unknown): void {
    this.compared++;
    const turn = (this.#places.get(what) ?? 0) + 1;
    this.#places.set(what, turn);
    if (JSON.stringify(theirs) === JSON.stringify(ours)) return;
    this.differences.push({ at: turn === 1 ? what : `${what} (${turn})`, theirs, ours });
  }
}

/** Refuses one of the two steps that ask the server, as it was recorded; the other one it lets through. */
function refusing(sync: CloudSyncer, { stderr = '' }: StoryStep, refuse: (error: EngramError | undefined) => void): BootstrapSync {
  const refusal = refusalOf(stderr);
  const failing = stderr.includes('verification pull') ? 'import' : 'export';
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    refuse(name === failing ? refusal : undefined);
    return work();
  };
  return {
    export: (options, context) => step('export', () => sync.export(options, context)),
    import: (context) => step('import', () => sync.import(context)),
    status: () => step('status', () => sync.status()),
  };
}

/** What the Go program says of the server's answer, with its status; a text without one is of a connection. */
function refusalOf(stderr: string): EngramError | undefined {
  const [text] = /cloud: .*/.exec(stderr) ?? [];
  if (text === undefined) return undefined;
  const [, operation = '', status, body = ''] = /^cloud: (.*): status (\d+): (.*)$/.exec(text) ?? [];
  if (status === undefined) return new EngramError('cloud-unreachable', text);
  return new HttpStatusError(operation, { status: Number(status), headers: new Map(), body: new TextEncoder().encode(body) });
}

/** The lines of a report, or the error. */
function linesOf({ stdout, stderr }: StoryStep): Readonly<Record<string, string>> {
  if (stderr) return { error: stderr.trimEnd().replace(/^engram: /, '') };
  const lines = (stdout ?? '').trimEnd().split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', text = ''] = line.split(/: ?(.*)/);
      return [name, text];
    }),
  );
}

/** How each target stands that anything was ever done with: a Go program makes the others' rows by asking. */
function statesOf(rows: readonly Row[]): readonly string[] {
  return rows
    .filter((row) => row['lifecycle'] !== 'idle')
    .map((row) => `${row['target_key']} ${row['lifecycle']} ${row['reason_code'] ?? ''}`.trim())
    .sort();
}

/** Without numbers and times; JSON in one form. */
function journalOf(rows: readonly Row[]): readonly unknown[] {
  return rows.map(({ entity, entity_key, op, payload, acked_at, project }) => {
    const json = parseGoJson(String(payload));
    return [entity, entity_key, op, json instanceof Map ? Object.fromEntries(json) : json, acked_at !== null, project];
  });
}
