import { failureOf, lastWords } from '../adapters/engramTools.ts';
import { makeTurn } from '../adapters/turns.ts';
import { getUsername } from '../adapters/userName.ts';
import { decodeChunk } from '../engine/chunkCodec.ts';
import type { ScannedChunk } from '../engine/chunkScan.ts';
import { previewOf } from '../engine/exportPreview.ts';
import type { CallContext } from '../engine/folderRequests.ts';
import { normalizeProject } from '../engine/goText.ts';
import { isChunkFault } from '../engine/importer.ts';
import type { ProgramPreview, ProgramShared, ProgramStop, ProgramSyncOptions, ProgramSyncSummary } from '../engine/programSync.ts';
import type { RowVersion } from '../engine/versions.ts';
import type { FolderAccess, Reading, Writing } from './folderAccess.ts';
import { withChunksLearned } from './learnedView.ts';
import { Arrivals, countArrivals, NO_ARRIVALS, readWaiting, waitsForProgram } from './programArrivals.ts';
import { putBack } from './programPutBack.ts';
import type { FinishedRun, ProgramSite } from './programSite.ts';

type Imported = Omit<ProgramSyncSummary, 'waiting' | 'shared'>;

const NOTHING_IMPORTED: Imported = { imported: { ...NO_ARRIVALS, chunks: 0 }, notBrought: 0, putBack: 0, setBack: 0 };
const NOTHING_SHARED: ProgramShared = { chunkIds: [], memories: 0, personal: 0, prompts: 0, sessions: 0, mutations: 0 };

/** Import and export by the Engram program: what it would do, and what it did, both seen with our own eyes. */
export class ProgramSyncer {
  readonly #access: FolderAccess;
  readonly #site: ProgramSite;

  constructor(access: FolderAccess, site: ProgramSite) {
    this.#access = access;
    this.#site = site;
  }

  async preview(context: CallContext): Promise<ProgramPreview> {
    const databases = await this.#access.readable();
    const program = this.#site.pathFor(databases);
    const git = await this.#access.git();
    const reading = { databases, git, status: await git?.folderStatus(), turn: makeTurn(context.signal) };
    const project = await this.#access.project(reading);
    return withChunksLearned(this.#access, reading, async (view) => {
      const chunks = await this.#waiting(view);
      const arrivals = new Arrivals(await readWaiting(this.#access, chunks, view), databases);
      const filter = { includePersonal: true, includePrompts: true, ...(project !== undefined && { project }) };
      const plan = await (await this.#access.exporter(view)).plan(await this.#access.scan(view), filter);
      const author = getUsername();
      return {
        program,
        chunks: chunks.length,
        arrivals: countArrivals(arrivals.missing().values()),
        otherProjects: project === undefined ? 0 : arrivals.otherProjects(project),
        newerHere: arrivals.newerHere().length,
        altered: chunks.filter(({ state }) => state === 'altered').length,
        unreadable: chunks.filter(({ state }) => state === 'unreadable').length,
        share: previewOf(plan, { author, project: normalizeProject(project ?? '').normalized }),
        personal: plan.observations.filter(({ record }) => record.scope === 'personal').length,
        author,
      };
    });
  }

  sync({ share = false, skipImport = false }: ProgramSyncOptions, context: CallContext): Promise<ProgramSyncSummary> {
    return this.#access.locked(context, async (writing) => {
      this.#site.pathFor(writing.databases);
      await this.#mustBeSound(writing, share);
      context.onProgress?.({ phase: 'importing', done: 0, total: 0 });
      const imported = skipImport ? NOTHING_IMPORTED : await this.#import(writing);
      const again = await this.#again(writing);
      const waiting = (await this.#waiting(again)).length;
      if (imported.stopped || !share) return { ...imported, waiting, shared: NOTHING_SHARED };
      context.onProgress?.({ phase: 'exporting', done: 0, total: 0 });
      const { shared, stopped } = await this.#share(again);
      return { ...imported, waiting, shared, ...(stopped && { stopped }) };
    });
  }

  /** The program follows links and overwrites what it cannot read; we do neither, and it must not for us. */
  async #mustBeSound(writing: Writing, share: boolean): Promise<void> {
    const { error } = await this.#access.readManifest(writing);
    if (error) throw error;
    if (share) await this.#access.mustBeWritableManifest(writing);
    const link = (await this.#access.scan(writing)).find(({ problem }) => problem?.code === 'not-regular-file')?.problem;
    if (link) throw link;
  }

  async #import(writing: Writing): Promise<Imported> {
    const waiting = await this.#waiting(writing);
    if (waiting.length === 0) return NOTHING_IMPORTED;
    const rows = await readWaiting(this.#access, waiting, writing);
    const before = new Arrivals(rows, writing.databases);
    const [missing, newer] = [before.missing(), before.newerHere()];
    const stopped = await this.#run(['sync', '--import'], 'import', writing).catch(async (error: unknown) => {
      await this.#putBack(writing, newer);
      throw error;
    });
    const { databases } = await this.#again(writing);
    const recorded = databases.store.importedChunks();
    const taken = new Set<string>(waiting.filter(({ id }) => recorded.has(id)).map(({ id }) => id));
    const left = new Arrivals(rows, databases).missing();
    const notBrought = new Arrivals(rows, databases, taken).missing().size;
    return {
      imported: { ...countArrivals([...missing].filter(([key]) => !left.has(key)).map(([, change]) => change)), chunks: taken.size },
      notBrought,
      ...(await this.#putBack(writing, newer)),
      ...(stopped && { stopped }),
    };
  }

  /** Also after a cancellation: what the program has done by then is done. */
  async #putBack(writing: Writing, before: readonly RowVersion[]): Promise<Pick<Imported, 'putBack' | 'setBack'>> {
    const { databases } = await this.#again(writing);
    const project = (await this.#access.project(writing)) ?? '';
    return putBack({ access: this.#access, site: this.#site, project }, databases, before);
  }

  async #share(writing: Writing): Promise<{ readonly shared: ProgramShared; readonly stopped: ProgramStop | undefined }> {
    const project = await this.#access.project(writing);
    const before = new Set((await this.#access.transport().listChunks()).map(({ id }) => id));
    const stopped = await this.#run(project === undefined ? ['sync', '--all'] : ['sync', '--project', project], 'share', writing);
    const written = (await this.#access.transport().listChunks()).filter(({ id }) => !before.has(id));
    const shared = { ...NOTHING_SHARED, chunkIds: written.map(({ id }) => id) };
    for (const { id } of written) {
      try {
        const data = await decodeChunk(await this.#access.transport().readChunk(id), writing.turn);
        shared.memories += data.observations.length;
        shared.personal += data.observations.filter(({ scope }) => scope === 'personal').length;
        shared.prompts += data.prompts.length;
        shared.sessions += data.sessions.length;
        shared.mutations += data.mutations?.length ?? 0;
      } catch (error) {
        // That it was written is told all the same; what is wrong with it the chunk's own row says.
        if (!isChunkFault(error)) throw error;
      }
    }
    return { shared, stopped };
  }

  /** @returns why it did not come to a good end. @throws {EngramError} cancelled; program-failed: it could not be started */
  async #run(args: readonly string[], step: ProgramStop['step'], { databases, context }: Writing): Promise<ProgramStop | undefined> {
    const { end, errors }: FinishedRun = await this.#site.run(databases, args, context);
    if (end.how === 'exited' && end.code === 0) return undefined;
    const failure = failureOf(end, errors);
    if (end.how === 'cancelled' || end.how === 'not-started') throw failure;
    return { step, reason: (end.how === 'exited' && lastWords(errors)) || failure.message };
  }

  /** As the program has left it. */
  async #again<R extends Reading>(reading: R): Promise<R> {
    return { ...reading, databases: await this.#access.databases.open() };
  }

  async #waiting(reading: Reading): Promise<readonly ScannedChunk[]> {
    const recorded = reading.databases.store.importedChunks();
    return (await this.#access.scan(reading)).filter((chunk) => waitsForProgram(chunk, recorded.has(chunk.id)));
  }
}
