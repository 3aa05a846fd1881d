import type { DatabaseSync } from 'node:sqlite';
import { hashNormalized } from '../../src/engine/goText.ts';
import type { CloudGopher } from './cloudGopher.ts';
import { observation, prompt } from './everything.ts';
import type { OurCloudMember } from './ourCloud.ts';
import { insert, type Rows } from './rows.ts';

/** A member of a project in the cloud. Each call does what an agent at that machine would do. */
export interface Player {
  readonly name: string;
  rows(): Rows;
  pull(): Promise<unknown>;
  push(): Promise<unknown>;
  session(id: string): Promise<unknown>;
  end(session: string): Promise<unknown>;
  /** @param topic a live memory of that topic gets a new revision */
  save(session: string, title: string, topic?: string): Promise<unknown>;
  edit(syncId: string, title: string): Promise<unknown>;
  /** @param hard of those that can choose */
  remove(syncId: string, hard: boolean): Promise<unknown>;
  prompt(session: string, text: string): Promise<unknown>;
  unprompt(syncId: string): Promise<unknown>;
}

/**
 * Ours, whose agent writes into the database as the Go program does: with the second as it is. (Our own commands make an edit later than
 * what they edit, if need be by a second, and no test has the time to wait for it.)
 */
export function ourPlayer(member: OurCloudMember, project: string): Player {
  const write = async (work: (database: DatabaseSync, now: string) => void): Promise<void> => {
    member.write((database) => work(database, new Date().toISOString().slice(0, 19).replace('T', ' ')));
  };
  let saved = 0;
  return {
    name: member.name,
    rows: () => member.rows(),
    pull: () => member.pull(),
    push: () => member.push(),
    session: (id) => write((db, now) => insert(db, 'sessions', { id, project, directory: '/home/alice', started_at: now })),
    end: (id) => write((db, now) => db.prepare(`UPDATE sessions SET ended_at = ?, summary = 'Done' WHERE id = ?`).run(now, id)),
    save: (session, title, topic) =>
      write((db, now) => {
        const content = `Says ${title}`;
        if (topic !== undefined && reviseTopic(db, { project, topic, title, content, now })) return;
        saved += 1;
        const more = { title, content, project, type: 'decision', created_at: now, last_seen_at: now, topic_key: topic ?? null };
        insert(db, 'observations', observation(`obs-${member.name}-${saved}`, session, more));
      }),
    edit: (syncId, title) => write((db, now) => db.prepare(`${EDIT} WHERE sync_id = ?`).run(title, now, syncId)),
    remove: (syncId) =>
      write((db, now) => db.prepare('UPDATE observations SET deleted_at = ?, updated_at = ? WHERE sync_id = ?').run(now, now, syncId)),
    prompt: (session, content) =>
      write((db, now) => {
        const fields = { content, project, created_at: now };
        insert(db, 'user_prompts', prompt(`${project}-${content.replaceAll(' ', '-')}`, session, fields));
      }),
    unprompt: (syncId) =>
      write((db, now) => {
        const { session_id = '' } = { ...db.prepare('SELECT session_id FROM user_prompts WHERE sync_id = ?').get(syncId) };
        insert(db, 'prompt_tombstones', { sync_id: syncId, session_id: String(session_id), project, deleted_at: now });
        db.prepare('DELETE FROM user_prompts WHERE sync_id = ?').run(syncId);
      }),
  };
}

const EDIT = 'UPDATE observations SET title = ?, revision_count = revision_count + 1, updated_at = ?';

interface Revision {
  readonly project: string;
  readonly topic: string;
  readonly title: string;
  readonly content: string;
  readonly now: string;
}

/** @returns false where there is no live memory of the topic */
function reviseTopic(database: DatabaseSync, { project, topic, title, content, now }: Revision): boolean {
  const where = 'project = ? AND topic_key = ? AND deleted_at IS NULL';
  const newest = `SELECT id FROM observations WHERE ${where} ORDER BY updated_at DESC, created_at DESC LIMIT 1`;
  const found = database.prepare(newest).get(project, topic);
  if (found === undefined) return false;
  const sql = `${EDIT}, content = ?, normalized_hash = ?, last_seen_at = ? WHERE id = ?`;
  database.prepare(sql).run(title, now, content, hashNormalized(content), now, found['id'] ?? null);
  return true;
}

export async function theirPlayer(gopher: CloudGopher, project: string): Promise<Player> {
  await gopher.enroll(project);
  const number = (table: string, syncId: string): unknown => gopher.query(`SELECT id FROM ${table} WHERE sync_id = ?`, syncId)['id'];
  const memory = (syncId: string): string => `/observations/${number('observations', syncId)}`;
  return {
    name: gopher.name,
    rows: () => gopher.rows(),
    pull: () => gopher.pull(project),
    push: () => gopher.push(project),
    session: (id) => gopher.api('POST', '/sessions', { id, project, directory: '/home/gopher' }),
    end: (id) => gopher.api('POST', `/sessions/${id}/end`, { summary: 'Done' }),
    save: (session, title, topic) => {
      const more = topic === undefined ? {} : { topic_key: topic };
      return gopher.api('POST', '/observations', {
        ...{ session_id: session, title, content: `Says ${title}`, project, type: 'decision' },
        ...more,
      });
    },
    edit: (syncId, title) => gopher.api('PATCH', memory(syncId), { title }),
    remove: (syncId, hard) => gopher.api('DELETE', `${memory(syncId)}${hard ? '?hard=true' : ''}`),
    prompt: (session, content) => gopher.api('POST', '/prompts', { session_id: session, content, project }),
    unprompt: (syncId) => gopher.api('DELETE', `/prompts/${number('user_prompts', syncId)}`),
  };
}
