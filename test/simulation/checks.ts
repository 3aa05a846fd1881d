import { versionKey } from '../../src/engine/chunkVersions.ts';
import { canonicalJson } from '../../src/engine/goJson.ts';
import { mergeSessions, packSession, sameSession } from '../../src/engine/merge.ts';
import type { RelationRecord } from '../../src/engine/records.ts';
import { observationVersion, promptVersion, type RowVersion, relationVersion } from '../../src/engine/versions.ts';
import type { Ledger } from './ledger.ts';
import type { Member } from './member.ts';

/** What of a database the team shares, in the one form: a text for each identity. */
export interface Shared {
  readonly rows: ReadonlyMap<string, string>;
  /** Sessions that stay at home as far as this database knows; they must be the same where the team has them. */
  readonly atHome: ReadonlyMap<string, string>;
}

/**
 * Live rows with their unknown fields (of relations without: the project stands among them, for those who imported it), without what stays at home: personal and hidden rows, those that no branch has any more, relations that lead to one, and
 * sessions that have such rows only.
 */
export async function sharedRows(member: Member): Promise<Shared> {
  const { databases, rows } = member;
  const unshared = await member.noLongerShared();
  const shared = new Map<string, string>();
  const atHome = new Map<string, string>();
  const leaving = new Set<string>();
  const staying = new Set<string>();
  for (const record of databases.store.observations()) {
    const version = observationVersion(rows.withExtra('observation', record.syncId, record));
    const key = versionKey('observation', version.key);
    const stays = version.record === undefined || record.scope === 'personal' || unshared.has(key);
    (stays ? staying : leaving).add(record.sessionId);
    if (!stays) shared.set(key, textOf(version));
  }
  for (const record of databases.store.prompts()) {
    const version = promptVersion(rows.withExtra('prompt', record.syncId, record));
    const key = versionKey('prompt', version.key);
    (unshared.has(key) ? staying : leaving).add(record.sessionId);
    if (!unshared.has(key)) shared.set(key, textOf(version));
  }
  for (const record of databases.store.relations()) {
    if (!endsOf(record).every((end) => shared.has(end))) continue;
    shared.set(versionKey('relation', record.syncId), relationVersion(record).order);
  }
  for (const record of databases.store.sessions()) {
    const session = rows.session(record.id);
    const isHome = staying.has(record.id) && !leaving.has(record.id);
    if (session) (isHome ? atHome : shared).set(versionKey('session', record.id), packSession(session));
  }
  return { rows: shared, atHome };
}

/** How two databases differ, in words; `''` where they do not. */
export function difference(a: Shared, b: Shared): string {
  const lines: string[] = [];
  for (const key of new Set([...a.rows.keys(), ...b.rows.keys()])) {
    const [left, right] = [a, b].map(({ rows, atHome }) => rows.get(key) ?? atHome.get(key) ?? '(none)');
    if (left !== right) lines.push(`${key}\n    ${left}\n    ${right}`);
  }
  return lines.slice(0, 3).join('\n  ');
}

/**
 * What of the ledger a database lacks. Every memory that somebody saved and nobody deleted must be there, at least as new as the newest
 * version that ours made; with `exactly`, which is true of teams that only use ours, deleted ones must be gone and no version may be newer.
 *
 * @param team ids of the sessions that were shared.
 */
export function missingFrom(member: Member, ledger: Ledger, { exactly, team }: { exactly: boolean; team: ReadonlySet<string> }): string[] {
  const lacks: string[] = [];
  for (const session of ledger.sessions.values()) {
    if (ledger.ofAgents.has(versionKey('session', session.key))) continue;
    const here = member.rows.session(session.key);
    if (here && team.has(session.key) && !sameSession(mergeSessions(here, session), here))
      lacks.push(`session ${session.key} is not as ours left it`);
  }
  const live = new Set(exactly ? [] : [...member.databases.store.observations()].flatMap((row) => (row.deletedAt ? [] : [row.syncId])));
  // An older program may have deleted an end, of which the ledger knows nothing.
  const endIsLive = (key: string): boolean => {
    const end = ledger.rows.get(key);
    return end?.record !== undefined && (exactly || live.has(end.key));
  };
  for (const [key, version] of ledger.rows) {
    const ends = version.entity === 'relation' ? endsOf(version.record as RelationRecord) : [];
    if ([key, ...ends].some((one) => ledger.ofAgents.has(one))) continue;
    if (version.entity === 'relation' && !endsOf(version.record as RelationRecord).every(endIsLive)) continue;
    const here = member.rows.row(version.entity, version.key);
    const isSame = here?.order === version.order;
    if (isSame || (version.record === undefined && !here)) continue;
    if (!exactly && isBeaten(member, version, here)) continue;
    lacks.push(`${key} is ${describe(here)}, not ${describe(version)}`);
  }
  return lacks;
}

/** An older program made a later version. Of a deletion that came before its row only the index knows. */
function isBeaten(member: Member, { entity, key, order }: RowVersion, here: RowVersion | undefined): boolean {
  if (here) return here.order > order;
  return member.databases.index.holdings(entity, key).some((holding) => holding.order > order);
}

function describe(version: RowVersion | undefined): string {
  return version ? version.order.slice(0, 54) : 'not there';
}

function textOf(version: RowVersion): string {
  return `${version.order} ${canonicalJson(version.extra)}`;
}

function endsOf(relation: Pick<RelationRecord, 'sourceId' | 'targetId'>): string[] {
  return [relation.sourceId, relation.targetId].map((id) => versionKey('observation', id));
}
