import { systemClock } from '../adapters/systemClock.ts';
import { makeTurn } from '../adapters/turns.ts';
import { authorName } from '../adapters/userName.ts';
import { learnAndExport } from '../engine/exporter.ts';
import { type ExportPreview, previewOf } from '../engine/exportPreview.ts';
import type { CallContext, ExportOptions, ImportOptions } from '../engine/folderRequests.ts';
import type { ExportSummary, ImportSummary } from '../engine/folderState.ts';
import { normalizeProject } from '../engine/goText.ts';
import { formatInstant } from '../engine/goTime.ts';
import type { OpenDatabases } from './databases.ts';
import type { FolderAccess, Reading, Writing } from './folderAccess.ts';
import { withChunksLearned } from './learnedView.ts';
import { UndoneChoices } from './undoneChoices.ts';

/** What goes into the chunks of a folder and comes out of them, as its options say. */
export class FolderExchange {
  readonly #access: FolderAccess;

  constructor(access: FolderAccess) {
    this.#access = access;
  }

  async import(options: ImportOptions, writing: Writing): Promise<ImportSummary> {
    const choices = undoneChoices(this.#access, writing.databases);
    await choices.recall(formatInstant(systemClock.now())).catch(this.#access.logged);
    const importer = await this.#access.importer(writing, options.otherProjects === true && options.ids !== undefined);
    const summary = await importer.run(await this.#access.scan(writing), options.ids && new Set(options.ids), writing.context);
    await choices.remember().catch(this.#access.logged);
    return summary;
  }

  async export(options: ExportOptions, writing: Writing): Promise<ExportSummary> {
    if (writing.databases.live && this.#access.options.mayExport === false) return NOTHING_EXPORTED;
    await this.#access.mustBeWritableManifest(writing);
    const wanted = await this.#wanted(options, writing);
    const scan = () => this.#access.scan(writing);
    const exporting = { importer: await this.#access.importer(writing), exporter: await this.#access.exporter(writing), scan };
    return learnAndExport(exporting, wanted, writing.context);
  }

  /** What was asked for, and for the rest what the folder's options say. */
  async #wanted(options: ExportOptions, reading: Reading): Promise<ExportOptions & { readonly createdBy: string }> {
    const { author, includePersonal, includePrompts = true } = this.#access.options;
    const createdBy = options.createdBy || (await authorName(author, reading.git));
    const project = options.project ?? (await this.#access.project(reading));
    return { includePersonal, includePrompts, ...options, createdBy, ...(project !== undefined && { project }) };
  }

  async preview(options: ExportOptions, context: CallContext): Promise<ExportPreview> {
    const databases = await this.#access.readable();
    const git = await this.#access.git();
    const reading = { databases, git, status: await git?.folderStatus(), turn: makeTurn(context.signal) };
    const wanted = await this.#wanted(options, reading);
    const planned = async (view: Reading) => (await this.#access.exporter(view)).plan(await this.#access.scan(view), wanted);
    const plan = await (databases.writable ? planned(reading) : withChunksLearned(this.#access, reading, planned));
    return previewOf(plan, { author: wanted.createdBy, project: normalizeProject(wanted.project ?? '').normalized });
  }
}

/** Nobody has said yet that memories of the live database may leave. */
const NOTHING_EXPORTED: ExportSummary = {
  chunkIds: [],
  sessions: 0,
  memories: 0,
  prompts: 0,
  mutations: 0,
  personal: 0,
  heldBack: 0,
};

/** Which imports a person has undone, as far as they are kept beside the database. */
export function undoneChoices(access: FolderAccess, databases: OpenDatabases): UndoneChoices {
  return new UndoneChoices(access.keepFolder(databases), databases.store);
}
