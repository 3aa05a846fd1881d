import { expect, it } from 'vitest';
import { SqlJournal } from '../../../src/store/journal.ts';
import { memoryDatabase } from './testDatabase.ts';

const AT = '2026-11-25 11:00:00';

it.each([
  ['an edit', 'observation', 'upsert', `{"sync_id":"k","updated_at":"${AT}"}`, true],
  ['an edit, as RFC 3339 says it', 'observation', 'upsert', '{"updated_at":"2026-11-25T11:00:01.5Z"}', true],
  ['a deletion', 'observation', 'delete', `{"deleted_at":"${AT}","hard_delete":true}`, true],
  ['an edit that was journalled long after', 'observation', 'upsert', '{"updated_at":"2026-11-25 08:00:00"}', false],
  ['a change without a time', 'observation', 'upsert', '{"title":"T"}', true],
  ['a time that is none', 'observation', 'upsert', '{"updated_at":"yesterday evening"}', true],
  ['a payload that is no JSON', 'observation', 'upsert', 'not JSON', true],
  ['a payload that is no object', 'observation', 'upsert', '[1]', true],
  ['the end of a session', 'session', 'upsert', `{"id":"k","ended_at":"${AT}"}`, true],
  ['a session that was saved along', 'session', 'upsert', '{"id":"k"}', false],
  ['the deletion of a prompt', 'prompt', 'delete', `{"deleted_at":"${AT}"}`, true],
  ['a prompt', 'prompt', 'upsert', '{"content":"p"}', false],
])('the journal tells of %s', async (_name, entity, op, payload, isTold) => {
  const database = await memoryDatabase();
  database.run(`INSERT INTO sync_state(target_key, lifecycle) VALUES('cloud', 'idle')`);
  database.run(
    `INSERT INTO sync_mutations(target_key, entity, entity_key, op, payload, source, project, occurred_at)
     VALUES('cloud', ?, 'k', ?, ?, 'local', 'demo', ?)`,
    [entity, op, payload, AT],
  );
  expect([...new SqlJournal(database).localChanges(0)].length > 0).toBe(isTold);
});
