import { dirname } from 'node:path';
import type { AskTool, ToolAnswer } from '../adapters/engramTools.ts';
import { detectProjectName } from '../adapters/projectDetection.ts';
import { EngramError } from '../engine/errors.ts';
import type { CallContext, MemoryPatch, NewMemory, SavedMemory } from '../engine/folderRequests.ts';
import { goTrim, normalizeProject, normalizeScope, normalizeTopicKey } from '../engine/goText.ts';
import type { MemoryStore } from '../engine/ports.ts';
import type { ObservationRecord } from '../engine/records.ts';
import { cleanContent, cleanTitle } from '../store/saveMemory.ts';
import type { OpenDatabases } from './databases.ts';
import type { FolderAccess } from './folderAccess.ts';
import { notFound } from './folderReader.ts';
import type { ProgramSite } from './programSite.ts';

const WORDS_LENGTH = 200;

/** Fields of a row as it was asked for; absent: any. */
type Wanted = Partial<Pick<ObservationRecord, 'title' | 'content' | 'type' | 'scope' | 'project' | 'topicKey'>>;

/**
 * Saving, editing and deleting by the Engram program's own tools. Whatever they answer, the row is looked at afterwards: what stands there
 * counts.
 */
export class ProgramMemories {
  readonly #access: FolderAccess;
  readonly #site: ProgramSite;

  constructor(access: FolderAccess, site: ProgramSite) {
    this.#access = access;
    this.#site = site;
  }

  async save(memory: NewMemory, context: CallContext): Promise<SavedMemory> {
    const databases = await this.#access.readable();
    const project = await this.#projectOf(memory, databases);
    const { wanted, values } = asked({ type: 'manual', ...memory });
    const before = revisionsOf(databases);
    const saved = await this.#site.talk(databases, project, context, async (ask) => {
      await mustSaveInto(ask, project);
      return mustSucceed(await ask('mem_save', values));
    });
    const after = (await this.#access.databases.open()).store;
    const row = savedRow(saved.text, after, { ...wanted, project });
    mustBeAsAsked(row, { ...wanted, project });
    const revision = before.get(row.syncId);
    const outcome = revision === undefined ? 'created' : revision === Number(row.revisionCount) ? 'repeated' : 'updated';
    return { syncId: row.syncId, outcome, title: row.title };
  }

  async edit(syncId: string, patch: MemoryPatch, context: CallContext): Promise<SavedMemory> {
    const databases = await this.#access.readable();
    const { wanted, values } = asked(patch);
    const id = rowId(databases, syncId);
    const project = await this.#projectOf({}, databases);
    const answer = await this.#site.talk(databases, project, context, (ask) => ask('mem_update', { id, ...values }));
    mustSucceed(answer);
    const row = (await this.#access.databases.open()).store.observation(syncId);
    mustBeAsAsked(row, wanted);
    return { syncId, outcome: 'edited', title: row.title };
  }

  async remove(syncId: string, context: CallContext): Promise<SavedMemory> {
    const databases = await this.#access.readable();
    const title = databases.store.observation(syncId)?.title ?? '';
    const id = rowId(databases, syncId);
    const project = await this.#projectOf({}, databases);
    mustSucceed(await this.#site.talk(databases, project, context, (ask) => ask('mem_delete', { id })));
    const row = (await this.#access.databases.open()).store.observation(syncId);
    if (row && !row.deletedAt) throw failed('The engram program said that the memory is deleted, but it is still here.');
    return { syncId, outcome: 'deleted', title };
  }

  /** The one that the folder shares: what is saved into another would never leave. */
  async #projectOf(memory: Pick<NewMemory, 'project'>, databases: OpenDatabases): Promise<string> {
    const git = await this.#access.git();
    const project = memory.project ?? (await this.#access.project({ databases, git }));
    return normalizeProject(project ?? (await detectProjectName(dirname(this.#access.options.root), git))).normalized;
  }
}

/** What the program is told, and what must stand in the row then. @throws {EngramError} invalid-input */
function asked(memory: MemoryPatch): { readonly wanted: Wanted; readonly values: Readonly<Record<string, string>> } {
  const { title, content, type, scope, topicKey } = memory;
  const kind = type === undefined ? undefined : type.trim() || 'manual';
  return {
    wanted: {
      ...(title !== undefined && { title: cleanTitle(title) }),
      ...(content !== undefined && { content: cleanContent(content) }),
      ...(kind !== undefined && { type: kind }),
      ...(scope !== undefined && { scope: normalizeScope(scope) }),
      ...(topicKey !== undefined && { topicKey: normalizeTopicKey(topicKey) }),
      ...(memory.project !== undefined && { project: normalizeProject(memory.project).normalized }),
    },
    values: {
      ...(title !== undefined && { title }),
      ...(content !== undefined && { content }),
      ...(kind !== undefined && { type: kind }),
      ...(scope !== undefined && { scope }),
      ...(topicKey !== undefined && { topic_key: topicKey }),
      ...(memory.project !== undefined && { project: memory.project }),
    },
  };
}

/** Releases before 1.15.12 take the project that they find in the folder, whatever they are told. @throws {EngramError} program-failed */
async function mustSaveInto(ask: AskTool, project: string): Promise<void> {
  const answer = await ask('mem_current_project', {});
  if (answer.isUnknown || answer.isError) return;
  const found = stringIn(answer.text, 'project');
  if (found === undefined || normalizeProject(found).normalized === project) return;
  throw failed(
    `The engram program would save this into the project “${found.slice(0, WORDS_LENGTH)}”, and this folder shares “${project}”. Nothing was saved: update the program, or share that project (Engram: Choose What Is Shared…).`,
  );
}

function mustSucceed(answer: ToolAnswer): ToolAnswer {
  if (!answer.isError) return answer;
  const words = (answer.text.split('\n')[0] ?? '').slice(0, WORDS_LENGTH);
  throw failed(`The engram program did not do it: ${words === '' ? 'it gave no reason' : words}. Nothing was changed.`);
}

/** The row that the program names, else the newest that could be it. */
function savedRow(answer: string, store: MemoryStore, wanted: Wanted): ObservationRecord | undefined {
  const syncId = stringIn(answer, 'sync_id');
  if (syncId !== undefined) return store.observation(syncId);
  return [...store.observations()].findLast((row) => !row.deletedAt && row.title === wanted.title && row.content === wanted.content);
}

/** @throws {EngramError} program-failed */
function mustBeAsAsked(row: ObservationRecord | undefined, wanted: Wanted): asserts row is ObservationRecord {
  if (!row || row.deletedAt) throw failed('The engram program said that the memory is saved, but it is not in the database.');
  const names = Object.keys(wanted) as (keyof Wanted)[];
  const others = names.filter((name) => goTrim(row[name] ?? '') !== goTrim(wanted[name] ?? ''));
  if (others.length === 0) return;
  throw failed(
    `The engram program saved the memory with another ${others.map((name) => WORDS[name]).join(', ')} than was asked for. Look at it before you go on.`,
  );
}

const WORDS: Readonly<Record<keyof Wanted, string>> = {
  title: 'title',
  content: 'content',
  type: 'type',
  scope: 'scope',
  project: 'project',
  topicKey: 'topic',
};

/** By `sync_id`, as the memories are now: the handle is another one after the program has written. */
function revisionsOf({ memoryDatabase }: OpenDatabases): ReadonlyMap<unknown, number> {
  const rows = memoryDatabase.all('SELECT sync_id, revision_count FROM observations');
  return new Map(rows.map((row) => [row['sync_id'], Number(row['revision_count'])]));
}

/** The number by which the program knows a row; it never gives one twice. @throws {EngramError} not-found */
export function rowId({ memoryDatabase, store }: OpenDatabases, syncId: string): number {
  const row = store.observation(syncId);
  const id = memoryDatabase.all('SELECT max(id) AS id FROM observations WHERE sync_id = ?', [syncId])[0]?.['id'];
  if (!row || row.deletedAt || typeof id !== 'number') throw notFound('memory');
  return id;
}

/** A text field of a tool's answer, which is a JSON object. */
function stringIn(json: string, name: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json);
    const field = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
    return typeof field === 'string' ? field : undefined;
  } catch {
    return undefined; // plain text, from a release that does not say it
  }
}

function failed(message: string): EngramError {
  return new EngramError('program-failed', message);
}
