import { formatInstant, formatRfc3339, instantOf, instantToMs } from '../../src/engine/goTime.ts';
import { decodeManifest, EMPTY_MANIFEST, encodeManifest, type Manifest } from '../../src/engine/manifest.ts';
import type { ObservationRecord } from '../../src/engine/records.ts';
import { deleteMemory, editMemory, saveMemory } from '../../src/store/saveMemory.ts';
import { emptyFolder, type ModelFolder } from '../models/chunkFolder.ts';
import type { Member, Release } from '../models/member.ts';
import { newMember } from '../models/teammate.ts';
import { createSession, saveMemory as saveAsTeammate, savePrompt as savePromptAsTeammate } from '../models/writing.ts';
import { type BlankDatabases, OurMember } from '../support/ourMember.ts';
import type { Action, History, TimeForm } from './history.ts';
import { fillStart } from './start.ts';

const START_MS = Date.parse('2025-03-01T10:00:00Z');
const PROJECT = 'demo';

/** What a history leaves behind: our members, and the folder that everybody reads. */
export class Team {
  readonly members: readonly OurMember[];
  /** What has been pushed. Without branches every member works in it. */
  readonly remote: ModelFolder = emptyFolder();
  /** Teammates with memories of their own, who have not synced yet. */
  readonly visitors: readonly Member[];
  nowMs = START_MS;
  /** Identities that a member took out of the own database without a trace: nobody else can know. */
  readonly erased = new Map<OurMember, Set<string>>();
  readonly #history: History;
  readonly #blank: BlankDatabases;
  #lastRandom = 0;

  constructor(blank: BlankDatabases, history: History) {
    this.#blank = blank;
    this.#history = history;
    fillStart(this.remote, history.start, START_MS - 24 * 3600_000);
    this.members = history.skews.map((skew, index) => this.#newMember(`member${index}`, skew));
    this.visitors = [this.teammate('v1.14.0'), this.teammate('v1.16.1')];
  }

  /** A teammate who knows nothing yet. */
  teammate(release: Release): Member {
    return newMember(
      release,
      () => this.nowMs,
      (bytes) =>
        this.#random()
          .toString(16)
          .padStart(2 * bytes, '0'),
    );
  }

  /** Each visitor saves something now, so that there is always something that no entry may cut off. */
  visitorsSave(): void {
    for (const visitor of this.visitors) this.#saveAs(visitor, 'now');
  }

  /** Another member of ours, with an empty database, on a folder of this state. The caller closes it. */
  newcomer(folder: ModelFolder): OurMember {
    return new OurMember(this.#blank, { name: 'newcomer', clock: { now: () => this.nowMs }, folder });
  }

  close(): void {
    for (const member of this.members) member.close();
  }

  async act(action: Action): Promise<void> {
    this.nowMs += action.after * 1000;
    const member = at(this.members, action.who);
    if (member) await this.#act(member, action);
  }

  /** Pulls, imports, exports, pushes. */
  async sync(member: OurMember): Promise<void> {
    this.#pull(member);
    await member.importNew();
    await member.exportNew();
    if (this.#history.isBranched) copyInto(this.remote, member.folder);
  }

  async #act(member: OurMember, action: Action): Promise<void> {
    switch (action.kind) {
      case 'save':
      case 'row':
      case 'relate':
      case 'edit':
      case 'delete':
      case 'hardDelete':
        return this.#changeMemories(member, action);
      case 'prompt':
      case 'promptDelete':
      case 'session':
      case 'sessionEnd':
        return this.#changeOthers(member, action);
      case 'teammateSave':
        return this.#saveAsTeammate(action);
      case 'import':
        this.#pull(member);
        await member.importNew();
        return;
      case 'export':
        await member.exportNew();
        return;
      case 'sync':
        return this.sync(member);
      case 'visit':
        return;
    }
  }

  #changeMemories(member: OurMember, action: Action): void {
    if (action.kind === 'save') this.#save(member, action);
    else if (action.kind === 'row') this.#putRow(member, action);
    else {
      const live = [...member.store.observations()].filter((row) => !row.deletedAt);
      const row = at(live, action.pick);
      if (!row) return;
      const nowMs = member.clock.now();
      if (action.kind === 'edit') editMemory(member.database, row.syncId, { content: `edited ${action.text}` }, nowMs);
      else if (action.kind === 'delete') deleteMemory(member.database, row.syncId, nowMs);
      else if (action.kind === 'hardDelete') this.#erase(member, row.syncId);
      else if (action.kind === 'relate') this.#relate(member, [row, at(live, action.other) ?? row], action.text);
    }
  }

  #save(member: OurMember, action: Action & { readonly kind: 'save' }): void {
    saveMemory(
      member.database,
      {
        title: `Title ${action.text}`,
        content: `Content ${action.text}`,
        project: PROJECT,
        ...(action.topic < 3 && { topicKey: `topic-${action.topic}` }),
        scope: action.personal ? 'personal' : 'project',
      },
      {
        nowMs: member.clock.now(),
        session: { id: `vscode-${member.name}`, project: PROJECT, directory: PROJECT },
        random: (bytes) => this.#randomBytes(bytes),
      },
    );
  }

  /** What an agent with another program may have written: sessions of several members, times of all forms, a row without its session. */
  #putRow(member: OurMember, action: Action & { readonly kind: 'row' }): void {
    const time = timeText(member.clock.now(), action.time);
    const sessionId = { own: `manual-${member.name}`, shared: 'manual-save-demo', unknown: `gone-${member.name}` }[action.session];
    if (action.session !== 'unknown' && !member.store.session(sessionId)) {
      member.store.writeSession({ id: sessionId, project: PROJECT, directory: `/home/${member.name}`, startedAt: time });
    }
    member.store.writeObservation({
      id: 0,
      syncId: `obs-row-${this.#random()}`,
      sessionId,
      type: 'manual',
      title: `Row ${action.text}`,
      content: action.text,
      toolName: '',
      project: PROJECT,
      scope: 'project',
      revisionCount: 1,
      duplicateCount: 1,
      createdAt: time,
      updatedAt: time,
    });
  }

  #erase(member: OurMember, syncId: string): void {
    member.database.run('DELETE FROM observations WHERE sync_id = ?', [syncId]);
    this.erased.set(member, (this.erased.get(member) ?? new Set()).add(`observation:${syncId}`));
  }

  #relate(member: OurMember, [from, to]: readonly [ObservationRecord, ObservationRecord], text: string): void {
    const now = formatInstant(member.clock.now());
    member.store.writeRelation({
      syncId: `rel-${this.#random()}`,
      sourceId: from.syncId,
      targetId: to.syncId,
      relation: 'related',
      reason: text,
      confidence: { raw: '0.9' },
      judgmentStatus: 'judged',
      markedByActor: 'agent',
      markedByKind: 'agent',
      project: PROJECT,
      createdAt: now,
      updatedAt: now,
    });
  }

  #changeOthers(member: OurMember, action: Action): void {
    const { store, clock } = member;
    const now = formatInstant(clock.now());
    if (action.kind === 'session') {
      const id = `ses-${member.name}-${this.#random()}`;
      store.writeSession({ id, project: PROJECT, directory: action.pick % 4 === 0 ? '' : '/w', startedAt: now });
    } else if (action.kind === 'sessionEnd') {
      const row = at([...store.sessions()], action.pick);
      if (row) store.writeSession({ ...row, endedAt: now, summary: action.text });
    } else if (action.kind === 'prompt') {
      const session = at([...store.sessions()], action.pick);
      const prompt = { id: 0, syncId: `prompt-${this.#random()}`, content: action.text, project: PROJECT, createdAt: now };
      if (session) store.writePrompt({ ...prompt, sessionId: session.id });
    } else {
      const row = at([...store.prompts()], action.pick);
      if (!row) return;
      const after = instantToMs(instantOf(row.createdAt)) + 1000;
      const deletedAt = formatInstant(Math.max(clock.now(), after));
      store.writePromptTombstone({ syncId: row.syncId, sessionId: row.sessionId, project: row.project ?? '', deletedAt });
    }
  }

  #saveAsTeammate(action: Action): void {
    const visitor = at(this.visitors, action.who);
    if (visitor) this.#saveAs(visitor, action.text);
  }

  #saveAs(visitor: Member, text: string): void {
    const sessionId = `theirs-${visitor.release}`;
    createSession(visitor, sessionId, PROJECT, '/home/theirs');
    saveAsTeammate(visitor, { sessionId, title: `Theirs ${text}`, content: `${text} ${this.#random()}`, project: PROJECT });
    savePromptAsTeammate(visitor, { sessionId, content: text, project: PROJECT });
  }

  #pull(member: OurMember): void {
    if (this.#history.isBranched) member.folder = united(this.remote, member.folder);
  }

  #newMember(name: string, skewSeconds: number): OurMember {
    const folder = this.#history.isBranched ? united(this.remote, emptyFolder()) : this.remote;
    return new OurMember(this.#blank, { name, clock: { now: () => this.nowMs + skewSeconds * 1000 }, folder });
  }

  #randomBytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    new DataView(bytes.buffer).setUint32(count - 4, this.#random());
    return bytes;
  }

  #random(): number {
    this.#lastRandom += 1;
    return this.#lastRandom;
  }
}

function at<T>(list: readonly T[], pick: number): T | undefined {
  return list.length === 0 ? undefined : list[pick % list.length];
}

function timeText(ms: number, form: TimeForm): string {
  const utc = formatRfc3339(ms);
  if (form === 'rfc3339') return utc;
  if (form === 'nanoseconds') return utc.replace('Z', '.123456789Z');
  if (form === 'offset') return formatRfc3339(ms + 2 * 3600_000).replace('Z', '+02:00');
  return formatInstant(ms);
}

/** Both manifests' entries, those of the first in front, as git's union of two branches has them; the files of both. */
export function united(first: ModelFolder, second: ModelFolder): ModelFolder {
  const [left, right] = [manifestOf(first), manifestOf(second)];
  const listed = new Set(left.chunks.map((entry) => entry.id));
  const added = right.chunks.filter((entry) => !listed.has(entry.id));
  const chunks = new Map([...first.chunks, ...second.chunks]);
  if (added.length === 0 && first.manifest !== undefined) return { manifest: first.manifest, chunks };
  if (left.chunks.length === 0) return { manifest: second.manifest, chunks };
  const { absent: _, ...rest } = left;
  const manifest = { ...rest, version: Math.max(left.version, right.version), chunks: [...left.chunks, ...added] };
  return { manifest: new TextDecoder().decode(encodeManifest(manifest)), chunks };
}

export function manifestOf(folder: ModelFolder): Manifest {
  return folder.manifest === undefined ? EMPTY_MANIFEST : decodeManifest(folder.manifest);
}

function copyInto(target: ModelFolder, source: ModelFolder): void {
  target.manifest = source.manifest;
  for (const [id, json] of source.chunks) target.chunks.set(id, json);
}
