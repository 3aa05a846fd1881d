import { chunkVersions } from './chunkVersions.ts';
import type { ChunkContents, ChunkItem, ReadableDocument } from './folderRequests.ts';
import type { Turn } from './ports.ts';
import type { ChunkData, ObservationRecord, PromptRecord, RelationRecord, SessionRecord } from './records.ts';

/** Characters of a document; a longer one is cut with a sentence that says so. */
export const MAX_DOCUMENT_LENGTH = 2_000_000;
const MAX_ITEMS = 500;

/** What a chunk's document says above its content. Hostile text. */
export interface ChunkHeading {
  readonly id: string;
  readonly createdBy: string;
  readonly createdAt: string;
}

/**
 * A chunk as text to read: every session with its memories and prompts below it, then changes and deletions of older memories. `engram:`
 * addresses in angle brackets lead from one to the other. What teammates wrote is text and nothing else: control and bidirectional
 * characters are shown by name.
 */
export async function chunkDocument(heading: ChunkHeading, data: ChunkData, turn: Turn): Promise<ReadableDocument> {
  const page = new Page();
  page.line(`# Chunk ${heading.id}`);
  page.line(`Written by ${oneLine(heading.createdBy) || 'an unknown author'}${heading.createdAt ? `, ${oneLine(heading.createdAt)}` : ''}`);
  page.line(countsLine(data));
  for (const [sessionId, rows] of bySession(data)) {
    page.session(sessionId, rows.session);
    for (const row of rows.observations) {
      page.observation(row);
      await turn();
    }
    for (const row of rows.prompts) page.prompt(row);
  }
  await changesOf(data, page, turn);
  if (data.rejected?.length) {
    page.line('\n## Records that could not be read\n');
    for (const { path, reason, andMore } of data.rejected) {
      page.line(`- ${path}: ${reason}`);
      if (andMore) page.line(`- and ${andMore} more`);
    }
  }
  return { title: `Chunk ${heading.id}`, text: page.text() };
}

/** One memory with its relations. */
export function memoryDocument(row: ObservationRecord, relations: readonly RelationRecord[]): ReadableDocument {
  const page = new Page();
  page.line(`# ${oneLine(row.title) || 'Untitled'}`);
  page.line(factsOf(row));
  page.line(`Session ${link('session', row.sessionId)}`);
  if (row.deletedAt) page.line(`Deleted ${oneLine(row.deletedAt)}`);
  page.line('');
  page.line(visible(row.content));
  if (relations.length > 0) page.line('\n## Related memories\n');
  for (const relation of relations) {
    const other = relation.sourceId === row.syncId ? relation.targetId : relation.sourceId;
    page.line(`- ${oneLine(relation.relation)}: ${link('memory', other)}${relation.reason ? `, ${oneLine(relation.reason)}` : ''}`);
  }
  return { title: oneLine(row.title) || 'Untitled', text: page.text() };
}

/** One session with all that was saved in it. */
export function sessionDocument(
  session: SessionRecord,
  rows: { readonly observations: readonly ObservationRecord[]; readonly prompts: readonly PromptRecord[] },
): ReadableDocument {
  const page = new Page();
  page.line(`# Session ${oneLine(session.id)}`);
  page.sessionFacts(session);
  for (const row of rows.observations) page.observation(row);
  for (const row of rows.prompts) page.prompt(row);
  if (rows.observations.length + rows.prompts.length === 0) page.line('\nNothing was saved in this session.');
  return { title: `Session ${oneLine(session.id)}`, text: page.text() };
}

/** The rows below an expanded chunk in a tree, at most 500. */
export async function chunkItems(id: string, data: ChunkData, turn: Turn): Promise<ChunkContents> {
  const versions = await chunkVersions(data, turn);
  const items: ChunkItem[] = [
    ...data.observations.map((row): ChunkItem => ({ kind: 'observation', key: row.syncId, label: row.title, detail: row.type })),
    ...data.prompts.map(
      (row): ChunkItem => ({ kind: 'prompt', key: row.syncId, label: row.content.slice(0, 200), detail: row.project ?? '' }),
    ),
  ];
  for (const { version, inArray } of versions.rows.values()) {
    if (inArray) continue;
    const title = version.record && 'title' in version.record ? version.record.title : version.key;
    items.push({ kind: version.record ? 'edit' : 'delete', key: version.key, label: title, detail: version.project });
  }
  for (const { version } of versions.relations.values()) {
    const record = version.record as RelationRecord | undefined;
    items.push({ kind: 'relation', key: version.key, label: record?.relation ?? 'relation', detail: record?.reason ?? '' });
  }
  const sessions = data.sessions.map((row): ChunkItem => ({ kind: 'session', key: row.id, label: row.id, detail: row.project }));
  const all = [...items, ...sessions];
  return { id, items: all.slice(0, MAX_ITEMS), more: Math.max(0, all.length - MAX_ITEMS) };
}

class Page {
  readonly #lines: string[] = [];
  #length = 0;
  #left = 0;

  line(text: string): void {
    if (this.#length > MAX_DOCUMENT_LENGTH) this.#left += 1;
    else this.#lines.push(text);
    this.#length += text.length + 1;
  }

  session(id: string, session: SessionRecord | undefined): void {
    this.line(`\n## Session ${link('session', id)}`);
    if (session) this.sessionFacts(session);
    else this.line('This session stands in another chunk.');
  }

  sessionFacts(session: SessionRecord): void {
    const facts = [
      session.project && `project ${oneLine(session.project)}`,
      session.startedAt && `started ${oneLine(session.startedAt)}`,
      session.endedAt && `ended ${oneLine(session.endedAt)}`,
    ];
    this.line(facts.filter(Boolean).join(' · '));
    if (session.summary) this.line(`\n${visible(session.summary)}`);
  }

  observation(row: ObservationRecord): void {
    this.line(`\n### ${oneLine(row.title) || 'Untitled'}`);
    this.line(`${factsOf(row)}${row.syncId === '' ? '' : ` · ${link('memory', row.syncId)}`}`);
    if (row.deletedAt) this.line(`Deleted ${oneLine(row.deletedAt)}`);
    else this.line(`\n${visible(row.content)}`);
  }

  prompt(row: PromptRecord): void {
    this.line(`\n### Prompt, ${oneLine(row.createdAt)}\n`);
    this.line(visible(row.content));
  }

  text(): string {
    const rest =
      this.#left === 0 ? [] : [`\nThis document is cut here: ${this.#left} more parts are too long to show. Open its memories one by one.`];
    return `${[...this.#lines, ...rest].join('\n')}\n`;
  }
}

function countsLine(data: ChunkData): string {
  const changes = data.mutations?.length ?? 0;
  const counts = [
    [data.observations.length, 'memory', 'memories'],
    [data.prompts.length, 'prompt', 'prompts'],
    [data.sessions.length, 'session', 'sessions'],
    [changes, 'change', 'changes'],
  ] as const;
  return counts.map(([count, one, many]) => `${count} ${count === 1 ? one : many}`).join(', ');
}

interface SessionRows {
  session: SessionRecord | undefined;
  observations: ObservationRecord[];
  prompts: PromptRecord[];
}

function bySession(data: ChunkData): Map<string, SessionRows> {
  const groups = new Map<string, SessionRows>();
  const group = (id: string): SessionRows => {
    const found = groups.get(id) ?? { session: undefined, observations: [], prompts: [] };
    groups.set(id, found);
    return found;
  };
  for (const session of data.sessions) group(session.id).session = session;
  for (const row of data.observations) group(row.sessionId).observations.push(row);
  for (const row of data.prompts) group(row.sessionId).prompts.push(row);
  return groups;
}

async function changesOf(data: ChunkData, page: Page, turn: Turn): Promise<void> {
  const versions = await chunkVersions(data, turn);
  const rows = [...versions.rows.values()].filter(({ inArray }) => !inArray).map(({ version }) => version);
  const relations = [...versions.relations.values()].map(({ version }) => version);
  if (rows.length + relations.length > 0) page.line('\n## Changes to older memories');
  for (const version of rows) {
    if (version.record && 'title' in version.record) page.observation(version.record);
    else if (version.record && 'content' in version.record) page.prompt(version.record);
    else page.line(`\n- Deleted ${oneLine(version.deletedAt)}: ${link('memory', version.key)}`);
  }
  for (const { record } of relations) {
    if (!record || !('relation' in record)) continue;
    page.line(`\n- ${link('memory', record.sourceId)} ${oneLine(record.relation)} ${link('memory', record.targetId)}`);
    if (record.reason) page.line(`  ${oneLine(record.reason)}`);
  }
}

function factsOf(row: ObservationRecord): string {
  const facts = [
    row.type,
    row.project && `project ${row.project}`,
    row.topicKey && `topic ${row.topicKey}`,
    row.scope === 'personal' && 'personal',
    row.createdAt,
  ];
  const edited = row.updatedAt !== '' && row.updatedAt !== row.createdAt ? `changed ${row.updatedAt}` : '';
  return [...facts, edited]
    .filter((fact): fact is string => Boolean(fact))
    .map(oneLine)
    .join(' · ');
}

function link(kind: 'session' | 'memory' | 'chunk', id: string): string {
  return `<engram:${kind}/${encodeURIComponent(id.toWellFormed())}>`;
}

/** Text of others, safe to show: control characters as their pictures, bidirectional ones by number. Line ends and tabs stay. */
export function visible(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(INVISIBLE, (char) =>
      char < '\u0020'
        ? String.fromCodePoint(0x2400 + char.charCodeAt(0))
        : `[U+${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );
}

function oneLine(text: string): string {
  return visible(text).replace(/\s+/g, ' ').trim();
}

/** Control characters without tab and line feed, and the bidirectional marks, embeddings, overrides and isolates. */
const INVISIBLE = /(?![\t\n])[\p{Cc}\p{Bidi_Control}]/gu;
