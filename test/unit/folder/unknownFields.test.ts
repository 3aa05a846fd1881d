import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MemoryFolder } from '../../../src/openFolder.ts';
import { chunkText, engramFolder, openIn, putChunk, putManifest } from '../../support/folder.ts';
import { changeDatabase } from '../../support/goldenDatabase.ts';

/** Values that a round trip through JavaScript's own JSON would change, as another program may write them and as Go's encoder does. */
const UNKNOWN = '"x_list":[1.0,{"big":9007199254740993,"deep":null}],"x_text":"a<b>\\u2028é","z_last":-0';
const WRITTEN = '"x_list":[1.0,{"big":9007199254740993,"deep":null}],"x_text":"a\\u003cb\\u003e\\u2028é","z_last":-0';
const TIMES = '"created_at":"2025-01-02 03:11:00","updated_at":"2025-01-02 03:11:00"';

const observation = (id: number): string =>
  `{"id":${id},"sync_id":"obs-${id}","session_id":"s1","type":"decision","title":"Title ${id}","content":"Content","project":"demo","scope":"project","revision_count":9007199254740993,"duplicate_count":1,${TIMES},"review_after":"2026-01-01 00:00:00",${UNKNOWN}}`;
const relation = `{"sync_id":"rel-1","source_id":"obs-1","target_id":"obs-2","relation":"related","judgment_status":"judged","project":"demo","created_at":"2025-01-02 05:00:00","updated_at":"2025-01-02 05:00:00",${UNKNOWN}}`;
const mutation = `{"seq":0,"target_key":"","entity":"relation","entity_key":"rel-1","op":"upsert","payload":${JSON.stringify(relation)},"source":"","project":"demo","occurred_at":"2025-01-02 05:00:00"}`;

const CHUNK = `{"sessions":[{"id":"s1","project":"demo","directory":"demo","started_at":"2025-01-02 03:04:05","ownership_mode":"project_owned",${UNKNOWN}}],"observations":[${observation(1)},${observation(2)}],"prompts":[{"id":1,"sync_id":"prompt-1","session_id":"s1","content":"Why?","project":"demo","created_at":"2025-01-02 04:01:00",${UNKNOWN}}],"mutations":[${mutation}],"x_engine":"newer"}`;
const ID = createHash('sha256').update(CHUNK).digest('hex').slice(0, 8);

const MANIFEST = `{"version":1,"x_root":${`{${UNKNOWN}}`},"chunks":[{"id":"${ID}","created_by":"bob","created_at":"2026-08-21T10:00:00.123456789Z","sessions":1,"memories":2,"prompts":1,"x_sha256":"ff",${UNKNOWN}}]}`;

function newerFolder(): string {
  const root = engramFolder();
  putChunk(root, ID, CHUNK);
  putManifest(root, MANIFEST);
  return root;
}

/** What the next export writes. */
async function exported(
  root: string,
  folder: MemoryFolder,
): Promise<{ readonly text: string; readonly payload: (entity: string) => string }> {
  const { chunkIds } = await folder.exportNew({});
  const text = chunkText(root, chunkIds[0] ?? '');
  const mutations: { entity: string; payload: string }[] = JSON.parse(text).mutations ?? [];
  return { text, payload: (entity) => mutations.find((one) => one.entity === entity)?.payload ?? '' };
}

describe('what a newer program wrote and this one does not know', () => {
  it('is in the edit of a memory, and its session with it', async () => {
    const root = newerFolder();
    const folder = openIn(root);
    await folder.importChunks({});
    await folder.edit('obs-1', { title: 'Better' });
    const { text, payload } = await exported(root, folder);
    expect(payload('observation')).toContain('"title":"Better"');
    expect(payload('observation')).toContain('"revision_count":9007199254740994');
    expect(payload('observation')).toContain(`"review_after":"2026-01-01 00:00:00",${WRITTEN}}`);
    expect(text).toContain(`"started_at":"2025-01-02 03:04:05","ownership_mode":"project_owned",${WRITTEN}}`);
  });

  it('is not lost with the index, which can be made again at any time', async () => {
    const root = newerFolder();
    const folder = openIn(root);
    await folder.importChunks({});
    await folder.edit('obs-2', { content: 'Better' });
    await folder.close();
    rmSync(join(root, 'index.db'));
    const again = openIn(root);
    await again.importChunks({});
    const { payload } = await exported(root, again);
    expect(payload('observation')).toContain('"content":"Better"');
    expect(payload('observation')).toContain(`"review_after":"2026-01-01 00:00:00",${WRITTEN}}`);
  });

  it('is in what an agent changed in the database: session, prompt and relation', async () => {
    const root = newerFolder();
    const folder = openIn(root);
    await folder.importChunks({});
    await folder.close();
    await changeDatabase(root, [
      `UPDATE sessions SET ended_at = '2025-01-02 06:00:00'`,
      `UPDATE user_prompts SET content = 'Why not?', created_at = '2025-01-02 04:02:00'`,
      `UPDATE memory_relations SET reason = 'r', updated_at = '2025-01-03 00:00:00'`,
    ]);
    const { payload } = await exported(root, openIn(root));
    expect(payload('session')).toContain('"ended_at":"2025-01-02 06:00:00"');
    expect(payload('session')).toContain('"ownership_mode":"project_owned"');
    expect(payload('prompt')).toContain('"content":"Why not?"');
    expect(payload('relation')).toContain('"reason":"r"');
    for (const entity of ['session', 'prompt', 'relation']) expect(payload(entity)).toContain(`${WRITTEN}}`);
  });

  it('stays in the manifest, beside the entry that is added', async () => {
    const root = newerFolder();
    const folder = openIn(root);
    await folder.importChunks({});
    await folder.edit('obs-1', { title: 'Better' });
    const { chunkIds } = await folder.exportNew({ createdBy: 'alice' });
    const manifest = readFileSync(join(root, 'manifest.json'), 'utf8').replaceAll(/\n\s*/g, '').replaceAll('": ', '":');
    expect(manifest).toBe(
      `{"version":2,"chunks":[{"id":"${ID}","created_by":"bob","created_at":"2026-08-21T10:00:00.123456789Z","sessions":1,"memories":2,"prompts":1,"x_sha256":"ff",${WRITTEN}},` +
        `{"id":"${chunkIds[0]}","created_by":"alice","created_at":"2025-01-02T03:04:05Z","sessions":1,"memories":0,"prompts":0}],"x_root":{${WRITTEN}}}`,
    );
  });
});

describe('an entry time with nanoseconds', () => {
  it('is read, and the newest of several is what a chunk without times repeats, in seconds', async () => {
    const root = newerFolder();
    const older = JSON.parse(MANIFEST);
    older.chunks.push({
      id: 'feedbeef',
      created_by: 'eve',
      created_at: '2026-08-21T09:59:59.999999999Z',
      sessions: 0,
      memories: 0,
      prompts: 0,
    });
    putManifest(root, older);
    const folder = openIn(root);
    await folder.importChunks({});
    await folder.remove('obs-2');
    const { chunkIds } = await folder.exportNew({});
    const entries: { id: string; created_at: string }[] = JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8')).chunks;
    expect(entries.find((entry) => entry.id === chunkIds[0])?.created_at).toBe('2026-08-21T10:00:00Z');
    const state = await folder.state();
    expect(state.chunks.map((chunk) => chunk.createdAt)).toContain('2026-08-21T10:00:00.123456789Z');
  });
});
