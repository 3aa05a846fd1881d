import { join } from 'node:path';
import { Disposable, EventEmitter, Uri, window } from 'vscode';
import type { CloudSyncSummary } from '../engine/cloud/cloudState.ts';
import { EngramError } from '../engine/errors.ts';
import type { FolderOptions } from '../engine/folderRequests.ts';
import { type AutomaticFolder, maySyncByItself } from './automaticSync.ts';
import type { CloudConsents } from './cloudConsents.ts';
import { DatabasePulse } from './databasePulse.ts';
import { type AutoImport, FolderLoop, type Reason } from './folderLoop.ts';
import { gitFolderOf, pathExists } from './gitFolder.ts';
import type { Place } from './probe.ts';
import type { Arrival, AutomaticRun, FolderSession, SessionRequests, SessionSnapshot } from './session.ts';
import { describeSync, sessionRequests } from './sessionRequests.ts';
import { SnapshotKeeper } from './snapshotKeeper.ts';
import { watchEngram, watchHead } from './watchers.ts';
import type { WorkerClient } from './workerClient.ts';

export interface SessionParts {
  readonly place: Place;
  /** Short name for people. */
  readonly name: string;
  readonly client: WorkerClient;
  /** Read at use: trust, settings and git change. */
  readonly options: () => FolderOptions;
  readonly autoImport: () => AutoImport;
  readonly consents: CloudConsents;
  readonly arrived: (arrival: Arrival) => void;
  readonly log: (level: 'info' | 'debug' | 'error', message: string) => void;
}

/** One `.engram` folder in this window: its snapshot, its requests, and what makes it look again. */
export class EngramSession implements FolderSession, Disposable {
  readonly root: Uri;
  readonly parent: Uri;
  readonly requests: SessionRequests;
  readonly #parts: SessionParts;
  readonly #keeper: SnapshotKeeper;
  readonly #loop: FolderLoop;
  readonly #changed = new EventEmitter<SessionSnapshot>();
  readonly #own: Disposable[] = [this.#changed];
  readonly onDidChange = this.#changed.event;
  /** Of the cloud, by hand. */
  #workedAtMs: number | undefined;
  #isDisposed = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.root = Uri.file(parts.place.root);
    this.parent = Uri.joinPath(this.root, '..');
    const { client } = parts;
    const root = parts.place.root;
    const log: SessionParts['log'] = (level, message) => parts.log(level, `${parts.name}: ${message}`);
    const call: Parameters<typeof sessionRequests>[0]['call'] = (name, args, context) => client.request(root, name, args, context);
    const trusted = () => parts.options().trusted;
    this.#keeper = new SnapshotKeeper(
      parts.name,
      (snapshot) => this.#changed.fire(snapshot),
      (snapshot) => parts.consents.has(root, snapshot),
    );
    this.#loop = new FolderLoop({
      call,
      keeper: this.#keeper,
      trusted,
      autoImport: parts.autoImport,
      hasCloud: () => (parts.options().cloud?.server ?? '') !== '',
      gitBusy: () => this.#isGitBusy(),
      arrived: (arrival) => parts.arrived({ ...arrival, session: this }),
      log,
    });
    const consent = {
      give: () => {
        this.#workedAtMs = Date.now();
        return this.#consent(() => parts.consents.give(root, this.snapshot));
      },
      withdraw: () => this.#consent(() => parts.consents.withdraw(root)),
    };
    this.requests = sessionRequests({ call, keeper: this.#keeper, trusted, consent, readState: () => this.#loop.readState(), log });
    client.open(parts.options());
  }

  get snapshot(): SessionSnapshot {
    return this.#keeper.snapshot;
  }

  /** For syncs with the cloud that nobody asked for. */
  get automatic(): AutomaticFolder {
    return {
      isReady: maySyncByItself(this.snapshot),
      toSend: this.snapshot.cloud?.toSend ?? 0,
      workedAtMs: this.#workedAtMs,
      sync: (signal) => this.#automaticSync(signal),
      told: (run) => this.#tellAutomaticRun(run),
    };
  }

  async #consent(change: () => Promise<void>): Promise<void> {
    await change();
    this.#keeper.change({});
  }

  /** The status bar stays quiet, the cloud's view tells. A server that is away is found out before anybody here has to wait for it. @throws {EngramError} */
  async #automaticSync(signal: AbortSignal): Promise<CloudSyncSummary> {
    await this.requests.cloudAsk({ signal });
    const problem = this.snapshot.cloud?.asked?.problem;
    if (problem) throw new EngramError(problem.code, problem.message);
    const summary = await this.#parts.client.request(this.#parts.place.root, 'cloudSync', [{ automatic: true }], { signal });
    if (!summary.skipped) this.#parts.log('info', `${this.#parts.name}: cloudSync (automatic): ${describeSync(summary)}`);
    return summary;
  }

  /** Shows it, together with what it changed. */
  async #tellAutomaticRun(automaticRun: AutomaticRun): Promise<void> {
    this.#keeper.change({ automaticRun });
    await this.#loop.look('cloud');
  }

  /** Watches, and looks for the first time. */
  start(): Promise<void> {
    this.#own.push(watchEngram(this.root, () => this.#loop.touch('files')));
    void this.#watchHead();
    this.#own.push(this.#pulse());
    return this.#loop.look('start');
  }

  /** Options changed: trust, settings, git. */
  configure(reason: Reason): void {
    this.#parts.client.open(this.#parts.options());
    this.#loop.touch(reason);
  }

  /** As {@link configure}, and has looked when the promise resolves. */
  async reconfigured(): Promise<void> {
    this.#parts.client.open(this.#parts.options());
    await this.#loop.look('settings');
  }

  touch(reason: Reason): void {
    this.#loop.touch(reason);
  }

  look(reason: Reason): Promise<void> {
    return this.#loop.look(reason);
  }

  /** Of memories in the folder the watcher tells; the live ones stand elsewhere, and are written without a word. */
  #pulse(): DatabasePulse {
    const { client, place } = this.#parts;
    return new DatabasePulse({
      isWanted: () => window.state.focused && this.snapshot.state?.live !== undefined && this.#parts.options().trusted,
      version: () => client.request(place.root, 'databaseVersion', []),
      changed: () => this.#loop.look('memories'),
    });
  }

  async #watchHead(): Promise<void> {
    const { gitRoot } = this.#parts.place;
    if (gitRoot === undefined) return;
    const watcher = await watchHead(gitRoot, () => this.#loop.touch('git'));
    if (this.#isDisposed) watcher.dispose();
    else this.#own.push(watcher);
  }

  async #isGitBusy(): Promise<boolean> {
    const { gitRoot } = this.#parts.place;
    const gitFolder = gitRoot === undefined ? undefined : await gitFolderOf(gitRoot);
    return gitFolder !== undefined && pathExists(join(gitFolder, 'index.lock'));
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#loop.dispose();
    this.#parts.client.close(this.#parts.place.root);
    Disposable.from(...this.#own).dispose();
  }
}
