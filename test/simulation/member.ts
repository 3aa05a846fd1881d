import { type ScannedChunk, scanChunks } from '../../src/engine/chunkScan.ts';
import { versionKey } from '../../src/engine/chunkVersions.ts';
import { Exporter } from '../../src/engine/exporter.ts';
import { DEFAULT_LIMITS } from '../../src/engine/folderRequests.ts';
import type { HealMode } from '../../src/engine/healingPlan.ts';
import { Importer, type ImporterParts } from '../../src/engine/importer.ts';
import type { Clock, FolderTransport, GitFolderStatus } from '../../src/engine/ports.ts';
import { RowReader } from '../../src/engine/rowReader.ts';
import { SlowClock } from '../../src/engine/slowClock.ts';
import { FolderHealer, healingInput } from '../../src/folder/healing.ts';
import { listingOf, type ManifestReading, readManifestWhole } from '../../src/folder/manifestReader.ts';
import type { Clone } from './clone.ts';
import { Fuse, FusedTransport, Killed } from './fuse.ts';
import { type DatabaseKit, MemberDatabases } from './memberDatabases.ts';
import type { Random } from './random.ts';
import type { Teammate } from './teammate.ts';

/** What the engine's parts are put together of, and how one member differs from the next. */
export interface MemberOptions {
  readonly name: string;
  readonly clone: Clone;
  readonly clock: Clock;
  readonly kit: DatabaseKit;
  /** Agents work in the same database, which is changed in place: what is done there is on disk. */
  readonly isInPlace: boolean;
  /** For what depends on time in the product: whether the databases are saved after a chunk. */
  readonly random: Random;
}

/** One person with ours: the real engine over databases of their own, put together as `OpenMemoryFolder` does. */
export class Member implements Teammate {
  readonly program = 'ours';
  readonly name: string;
  readonly clone: Clone;
  readonly clock: Clock;
  readonly databases: MemberDatabases;
  readonly #fuse = new Fuse();
  readonly #transport: FolderTransport;
  readonly #random: Random;
  #problems: ImporterParts['problems'] = new Map();
  #status: GitFolderStatus | undefined;
  /** A lost index does not come back with who had exported a chunk. */
  #hasLostIndex = false;

  constructor({ name, clone, clock, kit, random, isInPlace }: MemberOptions) {
    this.name = name;
    this.clone = clone;
    this.clock = clock;
    this.databases = new MemberDatabases(kit, this.#fuse, isInPlace);
    this.#transport = new FusedTransport(clone.transport, this.#fuse);
    this.#random = random;
  }

  get rows(): RowReader {
    return new RowReader(this.databases.store, this.databases.index);
  }

  sync(): Promise<number | undefined> {
    return this.#request(async () => {
      await this.#import();
      await this.databases.save();
      await this.#heal('sync');
      return this.#export();
    });
  }

  importChunks(): Promise<void> {
    return this.#request(() => this.#import());
  }

  exportNew(): Promise<number | undefined> {
    return this.#request(() => this.#export());
  }

  /** The click that a repair takes where something is ambiguous. */
  repair(): Promise<void> {
    return this.#request(() => this.#heal('asked'));
  }

  /** What happens after files have changed, without anybody asking. */
  async settle(): Promise<void> {
    await this.importChunks();
    await this.#request(() => this.#heal('automatic'));
  }

  /** Rows that were shared once and that no living branch has: they stay here until their person decides. */
  async noLongerShared(): Promise<ReadonlySet<string>> {
    const plan = await this.#exporter().plan(await this.#scan(), {});
    return new Set(plan.noLongerShared.map(({ version }) => versionKey(version.entity, version.key)));
  }

  /** The click on what is listed as no longer shared; only after the index was lost, because otherwise nothing of ours is. */
  async shareAgain(): Promise<void> {
    if (!this.#hasLostIndex) return;
    const { index } = this.databases;
    for (const { version } of (await this.#exporter().plan(await this.#scan(), {})).noLongerShared) {
      index.removeHoldings(version.entity, version.key);
    }
  }

  /** What every request that writes begins with. */
  stampSlowChanges(): Promise<void> {
    return new SlowClock(this.databases).stamp(noTurn);
  }

  async killedAfter(writes: number, work: () => Promise<unknown>): Promise<void> {
    this.databases.beginDanger();
    this.#fuse.set(writes);
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.#fuse.set(Number.POSITIVE_INFINITY);
      this.databases.reopen();
      this.#problems = new Map();
    } finally {
      this.#fuse.set(Number.POSITIVE_INFINITY);
      this.databases.endDanger();
    }
  }

  loseIndex(): void {
    this.#hasLostIndex = true;
    this.databases.loseIndex();
  }

  close(): void {
    this.databases.close();
  }

  /** Git is asked once, and the databases are saved at the end. */
  async #request<T>(work: () => Promise<T>): Promise<T> {
    this.#status = await this.clone.git.folderStatus();
    await this.stampSlowChanges();
    const result = await work();
    await this.databases.save();
    return result;
  }

  async #import(): Promise<void> {
    await this.#importer().run(await this.#scan(), undefined, {});
  }

  async #export(): Promise<number | undefined> {
    const { file, error } = await this.#readManifest();
    if (error || !file) return undefined;
    await this.#importer().learn(await this.#scan());
    const { chunkIds } = await this.#exporter().run(await this.#scan(), { createdBy: this.name }, {});
    return chunkIds.length;
  }

  #exporter(): Exporter {
    const { store, index } = this.databases;
    const saveIndex = this.databases.isInPlace ? () => this.databases.saveIndex() : undefined;
    return new Exporter({ transport: this.#transport, store, index, clock: this.clock, turn: noTurn, git: this.clone.git, saveIndex });
  }

  #importer(): Importer {
    return new Importer({
      transport: this.#transport,
      store: this.databases.store,
      index: this.databases.index,
      clock: this.clock,
      turn: noTurn,
      problems: this.#problems,
      quarantined: () => false,
      onReading: () => undefined,
      checkpoint: async () => {
        if (this.#random.chance(0.3)) await this.databases.save();
      },
    });
  }

  async #heal(mode: HealMode): Promise<void> {
    await this.#importer().learn(await this.#scan());
    const { history } = this.clone;
    const isBusy = mode === 'automatic' && (await history.isBusy());
    if (isBusy) return;
    const reading = await this.#readManifest();
    const input = healingInput(reading, await this.#scan(reading), { status: this.#status, isBusy });
    const parts = { transport: this.#transport, index: this.databases.index, history, limits: DEFAULT_LIMITS, turn: noTurn };
    await new FolderHealer(parts).heal(mode, reading, input);
  }

  async #readManifest(): Promise<ManifestReading> {
    const isUnmerged = this.#status?.manifestUnmerged ?? false;
    return readManifestWhole({ transport: this.#transport, history: this.clone.history, isUnmerged });
  }

  async #scan(known?: ManifestReading): Promise<readonly ScannedChunk[]> {
    const { store, index } = this.databases;
    const files = await this.#transport.listChunks();
    const manifest = listingOf(known ?? (await this.#readManifest()), files);
    const [recorded, undone] = [store.importedChunks(), store.undoneChunks()];
    return scanChunks({ manifest, files, indexed: index.chunks(), recorded, undone, problems: this.#problems });
  }
}

async function noTurn(): Promise<void> {
  return undefined;
}
