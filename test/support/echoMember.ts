import { chunkId, decodeChunkSync, encodeChunk } from '../../src/engine/chunkCodec.ts';
import { canonicalizeForProject } from '../../src/engine/cloud/canonical.ts';
import { formatInstant } from '../../src/engine/goTime.ts';
import { buildImportMutations, orderMutationsForApply, synthesizeMutations } from '../../src/engine/mutationRules.ts';
import type { ChunkData } from '../../src/engine/records.ts';
import { applyMutation } from '../models/applyMutation.ts';
import { GoError } from '../models/goStruct.ts';
import { emptyDatabase, type Member, transaction } from '../models/member.ts';
import type { CloudModel } from './cloudModel.ts';

/**
 * A member who runs Engram v1.14.0 over chunks: the last version applied wins, and after the next opening of its database everything that it
 * has ever pulled is pushed back as it has it now (the import echo). Source: corrections.md, golden/cloud/roundtrip/14-14-14.json.
 */
export class EchoMember {
  readonly #server: CloudModel;
  readonly #member: Member;
  readonly #known = new Set<string>();
  readonly #echoed = new Set<string>();

  constructor(server: CloudModel, now: () => number) {
    this.#server = server;
    this.#member = { release: 'v1.14.0', database: emptyDatabase(), now, randomHex: () => 'abcd' };
  }

  /** Applies what is new; a chunk that stalls it is left for later, as it is there. */
  async pull(): Promise<void> {
    const now = formatInstant(this.#member.now());
    for (const id of this.#server.ids('demo')) {
      if (this.#known.has(id)) continue;
      const data = decodeChunkSync(await this.#server.transport('demo').readChunk(id));
      try {
        transaction(this.#member, (draft) => {
          for (const mutation of orderMutationsForApply(buildImportMutations(data))) applyMutation(draft, mutation, now);
        });
        this.#known.add(id);
      } catch (error) {
        if (!(error instanceof GoError)) throw error;
      }
    }
  }

  /** Pushes back every row that it has pulled and not pushed yet. */
  echo(): void {
    const { sessions, observations, prompts } = this.#member.database;
    const fresh = (key: string): boolean => !this.#echoed.has(key);
    const rows: ChunkData = {
      sessions: [...sessions.values()],
      observations: [...observations.values()].filter(({ syncId }) => fresh(syncId)).map(({ normalizedHash: _, ...row }) => row),
      prompts: [...prompts.values()].filter(({ syncId }) => fresh(syncId)),
    };
    if (rows.observations.length + rows.prompts.length === 0) return;
    const mutations = synthesizeMutations(rows).map((mutation, index) => ({
      ...mutation,
      seq: index + 1,
      targetKey: 'cloud',
      project: 'demo',
    }));
    const bytes = canonicalizeForProject(encodeChunk({ ...rows, mutations }), 'demo');
    const counts = { sessions: rows.sessions.length, memories: rows.observations.length, prompts: rows.prompts.length };
    this.#server.push('demo', chunkId(bytes), bytes, {
      id: chunkId(bytes),
      createdBy: 'echo',
      createdAt: '2026-02-01T00:00:00Z',
      ...counts,
    });
    for (const { syncId } of [...rows.observations, ...rows.prompts]) this.#echoed.add(syncId);
    this.#known.add(chunkId(bytes));
  }
}
