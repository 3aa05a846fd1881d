import type { DatabaseSync } from 'node:sqlite';
import { hashNormalized } from '../../src/engine/goText.ts';
import { insert, type Value } from './rows.ts';

export const HOSTILE = `<script>alert("x & y")</script> \u2028\u2029 \u0001\b\f\u007f a\0b \\ '; DROP TABLE sessions; -- \ufffd \ufeff`;
const EMOJI = '👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 日本語 🫠';
/** 48,000 characters, most of them two UTF-16 units or three bytes. */
export const LONG = '🐘語a'.repeat(12_000);

/** Columns and what stands in them. */
type Fields = Readonly<Record<string, Exclude<Value, Uint8Array>>>;

export function session(id: string, fields: Fields = {}): Fields {
  return { id, project: 'demo', directory: 'demo', started_at: '2024-01-01 09:00:00', ...fields };
}

export function observation(syncId: string, sessionId: string, fields: Fields = {}): Fields {
  const created = fields['created_at'] ?? '2024-01-01 10:00:00';
  const content = fields['content'] ?? `What ${syncId} says`;
  const hash = typeof content === 'string' ? hashNormalized(content) : null;
  return {
    ...{ sync_id: syncId, session_id: sessionId, type: 'manual', title: `Title of ${syncId}`, content, project: 'demo', scope: 'project' },
    ...{ normalized_hash: hash, created_at: created, updated_at: created, ...fields },
  };
}

export function prompt(syncId: string, sessionId: string, fields: Fields = {}): Fields {
  const text = { content: `Please ${syncId}`, project: 'demo', created_at: '2024-01-01 10:00:30' };
  return { sync_id: syncId, session_id: sessionId, ...text, ...fields };
}

export function relation(syncId: string, sourceId: string, targetId: string): Fields {
  return {
    ...{ sync_id: syncId, source_id: sourceId, target_id: targetId, relation: 'supersedes', reason: HOSTILE, confidence: 0.85 },
    ...{ judgment_status: 'judged', marked_by_actor: 'agent', marked_by_kind: 'llm', session_id: 's-open' },
    ...{ created_at: '2024-01-01 11:00:00', updated_at: '2024-01-01 11:00:00' },
  };
}

/** Rows of every kind that a team may have: texts that break naive writers, long ones, counts past 2^53, two projects, two scopes. */
export function fillWithEverything(database: DatabaseSync): void {
  insert(database, 'sessions', session('s-open'));
  insert(database, 'sessions', session('s-ended', { ended_at: '2024-01-02 18:00:00', summary: HOSTILE }));
  insert(
    database,
    'sessions',
    session('s other/é', { project: 'other', directory: '/home/é/other', started_at: '2024-01-01T09:00:00+02:00' }),
  );
  const add = (...args: Parameters<typeof observation>): void => insert(database, 'observations', observation(...args));
  add('obs-plain', 's-open');
  add('obs-hostile', 's-ended', { title: HOSTILE, content: HOSTILE, type: HOSTILE });
  add('obs-emoji', 's-open', { title: EMOJI, content: EMOJI });
  add('obs-long', 's-open', { content: LONG, created_at: '2024-01-01 10:00:01' });
  add('obs-topic', 's-open', { topic_key: 'decision/é', tool_name: 'Edit', revision_count: 7, last_seen_at: '2024-01-03 10:00:00' });
  add('obs-count', 's-open', { duplicate_count: 2n ** 53n + 1n, revision_count: 2n ** 62n });
  add('obs-blank', 's-open', { title: '', content: '' });
  add('obs-other', 's other/é', { project: 'other', type: 'decision' });
  add('obs-stranger', 's-open', { project: 'other' });
  insert(database, 'user_prompts', prompt('prompt-plain', 's-open'));
  insert(database, 'user_prompts', prompt('prompt-hostile', 's-ended', { content: HOSTILE, project: '' }));
  insert(database, 'user_prompts', prompt('prompt-long', 's other/é', { content: LONG, project: 'other' }));
}

/** What only a database holds: bytes that are no UTF-8, a hidden row, a personal one. */
export function fillWithOddities(database: DatabaseSync): void {
  const broken = Uint8Array.of(0x61, 0xff, 0xe2, 0x80, 0xc0, 0xaf, 0xed, 0xa0, 0x80, 0x62);
  insert(database, 'observations', { ...observation('obs-broken', 's-open'), title: broken, content: broken });
  insert(database, 'observations', observation('obs-hidden', 's-open', { deleted_at: '2024-01-05 10:00:00' }));
  insert(database, 'observations', observation('obs-personal', 's-open', { scope: 'personal' }));
  insert(database, 'user_prompts', { ...prompt('prompt-broken', 's-open'), content: broken, project: null });
}
