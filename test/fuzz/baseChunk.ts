import type { Random } from '../simulation/random.ts';

type Json = Readonly<Record<string, unknown>>;

const TEXTS = [
  'plain',
  '',
  'zwei Zeilen\nund „mehr“',
  '\u0000',
  '👩‍👩‍👧',
  '<b>&amp;</b>',
  'x'.repeat(5000),
  '../../etc',
  'DROP TABLE observations;--',
  '\ud800',
];
const TIMES = [
  '2026-01-02 03:04:05',
  '2026-01-02T03:04:05Z',
  '2026-01-02T03:04:05.123+02:00',
  '',
  'yesterday',
  '9999-12-31 23:59:59',
  '1969-01-01',
];

/** JSON of a chunk as programs write it: sessions, memories, prompts, and at times mutations and relations; few identities, so that they meet. */
export function baseChunk(random: Random): string {
  const many = random.int(1, 4);
  const mutations = random.chance(0.5) ? { mutations: repeat(many, () => mutation(random)) } : {};
  return JSON.stringify({
    sessions: random.chance(0.1) ? null : repeat(many, () => session(random)),
    observations: random.chance(0.1) ? null : repeat(many, () => observation(random)),
    prompts: random.chance(0.3) ? null : repeat(many, () => prompt(random)),
    ...mutations,
  });
}

function repeat(count: number, make: () => Json): Json[] {
  return Array.from({ length: count }, make);
}

const text = (random: Random): string => random.pick(TEXTS) ?? '';
const time = (random: Random): string => random.pick(TIMES) ?? '';
const name = (random: Random, kind: string): string => `${kind}-${random.int(1, 6)}`;

function session(random: Random): Json {
  const ended = random.chance(0.3) ? { ended_at: time(random), summary: text(random) } : {};
  return { id: name(random, 's'), project: 'demo', directory: text(random), started_at: time(random), ...ended };
}

function observation(random: Random): Json {
  return {
    id: random.int(1, 99),
    sync_id: random.chance(0.1) ? '' : name(random, 'obs'),
    session_id: name(random, 's'),
    type: random.oneOf('decision', 'manual', ''),
    title: text(random),
    content: text(random),
    project: random.oneOf('demo', null, ''),
    scope: random.oneOf('project', 'personal', 'else'),
    topic_key: random.oneOf(null, 'a/b', ''),
    revision_count: random.int(0, 3),
    duplicate_count: 1,
    created_at: time(random),
    updated_at: time(random),
    ...(random.chance(0.2) && { deleted_at: time(random) }),
    ...(random.chance(0.2) && { x_unknown: { deep: [1, 'two', null] } }),
  };
}

function prompt(random: Random): Json {
  const at = { project: 'demo', created_at: time(random) };
  return { id: random.int(1, 99), sync_id: name(random, 'p'), session_id: name(random, 's'), content: text(random), ...at };
}

function relation(random: Random): Json {
  return {
    sync_id: name(random, 'rel'),
    source_id: name(random, 'obs'),
    target_id: name(random, 'obs'),
    relation: random.oneOf('related', 'supersedes'),
    confidence: random.oneOf(0.5, 1, null),
    judgment_status: 'pending',
    project: 'demo',
    created_at: time(random),
    updated_at: time(random),
  };
}

function mutation(random: Random): Json {
  const entity = random.oneOf('observation', 'session', 'prompt', 'relation', 'other');
  const makers = { observation, session, prompt, relation, other: session };
  const row = makers[entity](random);
  const payload = random.chance(0.2) ? { ...row, deleted: true, hard_delete: true } : row;
  const key = String(row['sync_id'] ?? row['id']);
  const op = random.oneOf('upsert', 'delete', 'UPSERT ', 'else');
  const at = { project: 'demo', occurred_at: time(random), acked_at: null };
  return { seq: 0, target_key: 'cloud', entity, entity_key: key, op, payload: JSON.stringify(payload), source: 'local', ...at };
}

/** JSON of a manifest that lists these chunks. */
export function baseManifest(ids: readonly string[]): string {
  const entries = ids.map((id) => ({ id, created_by: 'bob', created_at: '2026-01-02T03:04:05Z', sessions: 1, memories: 1, prompts: 0 }));
  return JSON.stringify({ version: 2, chunks: entries }, undefined, 2);
}
