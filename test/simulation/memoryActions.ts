import { formatInstant, instantOf, instantToMs } from '../../src/engine/goTime.ts';
import type { ObservationRecord, PromptRecord, SessionRecord } from '../../src/engine/records.ts';
import { promptTombstoneVersion } from '../../src/engine/rowReader.ts';
import { relationVersion } from '../../src/engine/versions.ts';
import { deleteMemory, editMemory, saveMemory } from '../../src/store/saveMemory.ts';
import type { Ledger } from './ledger.ts';
import type { Member } from './member.ts';
import type { Random } from './random.ts';

/** One thing a person does to the memories of their own database. Without anything to do it to, nothing happens. */
type MemoryAction = (member: Member, random: Random, ledger: Ledger) => void;

const TOPICS = ['', '', '', 'architecture/auth', 'decision/storage', 'bug/login'] as const;
const TYPES = ['manual', 'decision', 'bugfix', 'discovery'] as const;

const save: MemoryAction = (member, random, ledger) => {
  const session = { id: currentSession(member, random), project: 'demo', directory: 'demo' };
  const scope = random.chance(0.1) ? 'personal' : 'project';
  const title = random.chance(0.15) ? 'The same title' : `Title ${random.int(0, 9999)}`;
  const content = random.chance(0.15) ? 'the same text' : `Text ${random.int(0, 9999)}`;
  const more = { type: random.oneOf(...TYPES), project: random.chance(0.1) ? 'other' : 'demo', topicKey: random.oneOf(...TOPICS) };
  const context = { nowMs: member.clock.now(), session, random: (size: number) => random.bytes(size) };
  const { syncId } = saveMemory(member.databases.memories, { title, content, scope, ...more }, context);
  noteRow(member, ledger, 'observation', syncId);
  noteSession(member, ledger, session.id);
};

const edit: MemoryAction = (member, random, ledger) => {
  const row = random.pick(liveObservations(member));
  if (!row) return;
  const patch = random.chance(0.7)
    ? { content: `Edited ${random.int(0, 9999)}` }
    : { title: `Renamed ${random.int(0, 99)}`, topicKey: random.oneOf(...TOPICS) };
  editMemory(member.databases.memories, row.syncId, patch, member.clock.now());
  noteRow(member, ledger, 'observation', row.syncId);
};

const remove: MemoryAction = (member, random, ledger) => {
  const row = random.pick(liveObservations(member));
  if (!row) return;
  deleteMemory(member.databases.memories, row.syncId, member.clock.now());
  noteRow(member, ledger, 'observation', row.syncId);
};

/** What an agent writes: the extension has no prompts of its own. */
const prompt: MemoryAction = (member, random, ledger) => {
  const { store } = member.databases;
  const sessionId = random.pick([...store.sessions()])?.id;
  if (sessionId === undefined) return;
  const syncId = `prompt-${hex(random)}`;
  const record: PromptRecord = {
    id: 0,
    syncId,
    sessionId,
    content: `Prompt ${random.int(0, 99)}`,
    project: 'demo',
    createdAt: formatInstant(member.clock.now()),
  };
  store.writePrompt(record);
  noteRow(member, ledger, 'prompt', syncId);
};

const removePrompt: MemoryAction = (member, random, ledger) => {
  const { store } = member.databases;
  const row = random.pick([...store.prompts()]);
  if (!row) return;
  const tombstone = {
    syncId: row.syncId,
    sessionId: row.sessionId,
    project: row.project ?? '',
    deletedAt: stampAfter(member, row.createdAt),
  };
  store.writePromptTombstone(tombstone);
  ledger.addRow(promptTombstoneVersion(tombstone));
};

/** Starts a session that may stay empty. */
const startSession: MemoryAction = (member, random, ledger) => {
  const id = `vscode-${member.name}-${hex(random)}`;
  member.databases.store.writeSession({ id, project: 'demo', directory: 'demo', startedAt: formatInstant(member.clock.now()) });
  noteSession(member, ledger, id);
};

/** Ends a session, perhaps again; a summary that is replaced says when, as what ours writes must. */
const endSession: MemoryAction = (member, random, ledger) => {
  const { store, index } = member.databases;
  const session = random.pick([...store.sessions()]);
  if (!session) return;
  const endedAt = stampAfter(member, session.endedAt ?? '');
  const summary = random.chance(0.7) ? `Summary ${random.int(0, 99)}` : session.summary;
  const ended: SessionRecord = { ...session, endedAt, ...(summary !== undefined && { summary }) };
  store.writeSession(ended);
  if (session.summary !== undefined && summary !== session.summary) {
    const extra = member.rows.withExtra('session', session.id, ended).extra ?? new Map();
    const before = extra.get('x_at');
    const times = before instanceof Map ? before : new Map<string, string>();
    const known = Object.fromEntries([
      ...extra,
      ['x_at', Object.fromEntries([...times, ['summary', stampAfter(member, String(times.get('summary') ?? ''))]])],
    ]);
    index.setExtra('session', session.id, JSON.stringify(known));
  }
  noteSession(member, ledger, session.id);
};

const relate: MemoryAction = (member, random, ledger) => {
  const [source, target] = random.shuffled(liveObservations(member));
  if (!source || !target) return;
  const now = formatInstant(member.clock.now());
  const relation = random.oneOf('related', 'supersedes', 'conflicts_with');
  const record = {
    syncId: `rel-${hex(random)}`,
    sourceId: source.syncId,
    targetId: target.syncId,
    relation,
    judgmentStatus: 'pending',
    project: '',
    createdAt: now,
    updatedAt: now,
  };
  member.databases.store.writeRelation(record);
  noteRelation(member, ledger, record.syncId);
};

const judge: MemoryAction = (member, random, ledger) => {
  const { store } = member.databases;
  const relation = random.pick([...store.relations()]);
  if (!relation) return;
  store.writeRelation({
    ...relation,
    judgmentStatus: 'judged',
    reason: `Reason ${random.int(0, 99)}`,
    updatedAt: stampAfter(member, relation.updatedAt),
  });
  noteRelation(member, ledger, relation.syncId);
};

export const MEMORY_ACTIONS = { save, edit, remove, prompt, removePrompt, startSession, endSession, relate, judge } satisfies Record<
  string,
  MemoryAction
>;
export type MemoryActionName = keyof typeof MEMORY_ACTIONS;

function liveObservations(member: Member): ObservationRecord[] {
  return [...member.databases.store.observations()].filter((row) => !row.deletedAt);
}

/** A window's session: a few per person, some with the same name on several machines. */
function currentSession(member: Member, random: Random): string {
  return random.chance(0.1) ? 'manual-save-demo' : `vscode-${member.name}-${random.int(1, 3)}`;
}

/** As every change of ours: at least one second after what it replaces. */
function stampAfter(member: Member, replaced: string): string {
  const instant = instantOf(replaced);
  const now = member.clock.now();
  return formatInstant(instant === '' ? now : Math.max(now, instantToMs(instant) + 1000));
}

function noteRow(member: Member, ledger: Ledger, entity: 'observation' | 'prompt', syncId: string): void {
  const version = member.rows.row(entity, syncId);
  if (version && !isPersonal(version.record)) ledger.addRow(version);
}

function noteRelation(member: Member, ledger: Ledger, syncId: string): void {
  const record = member.databases.store.relation(syncId);
  if (record) ledger.addRow(relationVersion(member.rows.withExtra('relation', syncId, record)));
}

function noteSession(member: Member, ledger: Ledger, id: string): void {
  const version = member.rows.session(id);
  if (version) ledger.addSession(version);
}

function isPersonal(record: object | undefined): boolean {
  return record !== undefined && 'scope' in record && record.scope === 'personal';
}

function hex(random: Random): string {
  return Buffer.from(random.bytes(8)).toString('hex');
}
