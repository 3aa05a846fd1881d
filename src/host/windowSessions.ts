import { Disposable, type Event, EventEmitter, version as editor, Uri, type WorkspaceFolder, window, workspace } from 'vscode';
import { EngramError } from '../engine/errors.ts';
import { singleFlight } from '../engine/singleFlight.ts';
import { AutomaticSync } from './automaticSync.ts';
import type { CloudAccess } from './cloudAccess.ts';
import type { CloudConsents } from './cloudConsents.ts';
import type { CloudTokens } from './cloudTokens.ts';
import { ContextKeys } from './contextKeys.ts';
import { contextValues } from './contextValues.ts';
import { describeWindow } from './diagnostics.ts';
import { type Discovered, discoverFolders, discoverNested, diskFolders, isBelow, searchNested } from './folderDiscovery.ts';
import { folderOptions } from './folderOptions.ts';
import { EngramSession } from './folderSession.ts';
import { GitExtension } from './gitExtension.ts';
import type { MemoryChoice, MemoryChoices } from './memoryChoices.ts';
import type { Arrival, FolderSession, Sessions, WorkspaceKind } from './session.ts';
import { readCloudSettings, readSettings, SETTINGS_SECTION, writeCloudServer, writeProgramPath } from './settings.ts';
import { Settling } from './settling.ts';
import { watchForEngram } from './watchers.ts';
import { WindowCloud } from './windowCloud.ts';
import type { WorkerClient } from './workerClient.ts';

export interface WindowParts {
  readonly client: WorkerClient;
  readonly log: (level: 'info' | 'debug' | 'error', message: string) => void;
  /** Folder of the extension's own storage for one `.engram`, by the absolute path of that. */
  readonly keepFolder: (root: string) => string;
  /** Session that saves of this window go into: `vscode-<uuid>`. */
  readonly sessionId: string;
  /** Kept per workspace in the extension's own storage, as is what comes next. */
  readonly memoryChoices: MemoryChoices;
  readonly consents: CloudConsents;
  readonly version: string;
  /** Operating system and processor. */
  readonly platform: string;
  readonly access: CloudAccess;
  readonly tokens: CloudTokens;
  /** Another window may connect or disconnect. */
  readonly onDidChangeSecrets: Event<unknown>;
}

/** The search through all files waits until the window has come to rest. */
const SEARCH_AFTER_MS = 5000;

/** All `.engram` folders of the window. Until there is one: a watcher for each workspace folder and nothing else. */
export class WindowSessions implements Sessions, Disposable {
  readonly #parts: WindowParts;
  readonly #sessions = new Map<string, EngramSession>();
  readonly #initialising = new Set<string>();
  /** Roots that a search or a watcher named; they need not exist any more. */
  readonly #named = new Set<string>();
  readonly #changed = new EventEmitter<void>();
  readonly #arrived = new EventEmitter<Arrival>();
  readonly #git = new GitExtension();
  readonly #contextKeys = new ContextKeys();
  readonly #own: Disposable[] = [this.#changed, this.#arrived, this.#git];
  readonly #news = new Settling(() => void this.#discover());
  readonly #flight = singleFlight(() => this.#findFolders());
  #watchers: Disposable | undefined;
  #watched = '';
  #vacant: readonly Discovered[] = [];
  /** Places whose branches were asked about; `undefined` until somebody looks at the views. */
  #asked: Set<string> | undefined;
  #hasLooked = false;
  #isListening = false;
  #isDisposed = false;
  readonly onDidChange = this.#changed.event;
  readonly onDidArrive = this.#arrived.event;
  readonly cloud: WindowCloud;
  readonly #automatic: AutomaticSync;

  constructor(parts: WindowParts) {
    this.#parts = parts;
    this.cloud = new WindowCloud({
      access: parts.access,
      tokens: parts.tokens,
      settings: readCloudSettings,
      setServer: writeCloudServer,
      changed: () => this.#tell(),
    });
    this.#automatic = new AutomaticSync({
      isOn: () => this.cloud.automatic && this.cloud.isConnected && this.trusted && window.state.focused,
      folders: () => [...this.#sessions.values()].map((session) => session.automatic),
      now: Date.now,
      random: Math.random,
    });
  }

  get kind(): WorkspaceKind {
    if ((workspace.workspaceFolders ?? []).length === 0) return 'no-folder';
    if (diskFolders().length === 0) return 'virtual';
    if (!this.trusted) return 'restricted';
    return this.#sessions.size === 0 ? 'not-initialised' : 'ready';
  }

  get trusted(): boolean {
    return workspace.isTrusted;
  }

  get all(): readonly FolderSession[] {
    return [...this.#sessions.values()];
  }

  get candidates(): readonly { readonly folder: WorkspaceFolder; readonly root: Uri }[] {
    return this.#vacant.map(({ folder, place }) => ({ folder, root: Uri.file(place.root) }));
  }

  /** Registers and plans; nothing is looked at before this returns. */
  start(): void {
    const search = setTimeout(() => void this.#search(), SEARCH_AFTER_MS);
    this.#own.push(
      new Disposable(() => clearTimeout(search)),
      workspace.onDidChangeWorkspaceFolders(() => void this.#discover()),
      workspace.onDidGrantWorkspaceTrust(() => this.#configure('trust')),
      workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(SETTINGS_SECTION)) this.#configure('settings');
      }),
      this.#parts.onDidChangeSecrets(() => void this.cloud.refresh()),
      this.#automatic,
    );
    void this.cloud.refresh();
    void this.#discover();
  }

  lookAround(): void {
    this.#asked = new Set();
    this.#askBranches();
  }

  async initialise(root: Uri): Promise<FolderSession> {
    if (!this.trusted) throw new EngramError('untrusted', 'No folder is made in Restricted Mode. Trust this folder first.');
    const path = root.fsPath;
    const known = this.#sessions.get(path);
    const found = this.#vacant.find(({ place }) => place.root === path);
    if (!known && !found) throw new EngramError('invalid-input', 'This folder is not open in the window any more.');
    this.#initialising.add(path);
    try {
      const session = known ?? this.#add(found as Discovered);
      await session.requests.initialise();
      if (!known) await session.start();
      return session;
    } catch (error) {
      if (!known) this.#remove(path);
      throw error;
    } finally {
      this.#initialising.delete(path);
      await this.#discover();
    }
  }

  memoryChoice({ root }: FolderSession): ReturnType<Sessions['memoryChoice']> {
    const choice = this.#parts.memoryChoices.of(root.fsPath);
    const { database, isDatabaseSet } = readSettings(root);
    return { ...choice, isAsked: choice.database !== undefined || isDatabaseSet, wanted: choice.database ?? database };
  }

  async chooseMemories({ root }: FolderSession, change: MemoryChoice): Promise<void> {
    await this.#parts.memoryChoices.change(root.fsPath, change);
    await this.#sessions.get(root.fsPath)?.reconfigured();
  }

  async chooseProject({ root }: FolderSession, project: string): Promise<void> {
    await this.#parts.memoryChoices.setProject(root.fsPath, project);
    await this.#sessions.get(root.fsPath)?.reconfigured();
  }

  setProgramPath(path: string): Promise<void> {
    return writeProgramPath(path);
  }

  findFolders(): Promise<void> {
    return this.#discover();
  }

  async refresh(): Promise<void> {
    await this.#search();
    await Promise.all([...this.#sessions.values()].map((session) => session.look('refresh')));
    await this.askCloud();
  }

  /** What the server has is asked by who looks at it: never before a person has connected, and of enrolled projects only. */
  async askCloud(): Promise<void> {
    if (!this.cloud.isConnected || !this.trusted) return;
    const enrolled = this.all.filter(({ snapshot }) => snapshot.cloud?.enrolled);
    // What fails is in the answer.
    await Promise.allSettled(enrolled.map((session) => session.requests.cloudAsk()));
  }

  async diagnostics(): Promise<string> {
    const sessions = [...this.#sessions.values()].map(({ snapshot, root }) => ({ snapshot, settings: readSettings(root) }));
    const { version, platform } = this.#parts;
    return describeWindow({ version, platform, editor, kind: this.kind, hasGitPath: this.#git.path !== '', sessions });
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#news.dispose();
    this.#watchers?.dispose();
    for (const session of this.#sessions.values()) session.dispose();
    Disposable.from(...this.#own).dispose();
  }

  async #search(): Promise<void> {
    // A search that fails finds nothing: the folders that were opened are found without it.
    const found = await searchNested().catch((error: unknown) => {
      this.#parts.log('error', `search for nested folders failed: ${String(error)}`);
      return [];
    });
    for (const root of found) this.#named.add(root);
    await this.#discover();
  }

  #discover(): Promise<void> {
    return this.#isDisposed ? Promise.resolve() : this.#flight();
  }

  async #findFolders(): Promise<void> {
    const [opened, nested] = await Promise.all([discoverFolders(), discoverNested([...this.#named])]);
    if (this.#isDisposed) return;
    this.#watch(opened);
    const wanted = new Map([...opened.filter(({ place }) => place.exists), ...nested].map((found) => [found.place.root, found]));
    for (const [root, session] of this.#sessions) {
      if (!wanted.has(root) && !this.#isKept(root, session)) this.#remove(root);
    }
    for (const [root, found] of wanted) {
      if (!this.#sessions.has(root)) void this.#add(found).start();
    }
    this.#vacant = opened.filter(({ place }) => !this.#sessions.has(place.root));
    this.#hasLooked = true;
    this.#tell();
    this.#askBranches();
  }

  /** Each place once after somebody looked at the views. A session that finds nothing on any branch goes away again by itself. */
  #askBranches(): void {
    if (!this.#asked || !this.trusted) return;
    for (const found of this.#vacant) {
      const { root, gitRoot } = found.place;
      if (gitRoot === undefined || this.#asked.has(root) || this.#sessions.has(root)) continue;
      this.#asked.add(root);
      void this.#add(found).start();
    }
  }

  /** A folder that is being made, and one that only the branch which is checked out does not have. */
  #isKept(root: string, session: EngramSession): boolean {
    const isOpen = diskFolders().some((folder) => isBelow(root, folder.uri.fsPath) || isBelow(folder.uri.fsPath, session.parent.fsPath));
    return this.#initialising.has(root) || (isOpen && session.snapshot.state?.folder === 'absent-on-branch');
  }

  #add(found: Discovered): EngramSession {
    const root = Uri.file(found.place.root);
    const session = new EngramSession({
      place: found.place,
      name: found.name,
      client: this.#parts.client,
      options: () => folderOptions(root, { ...this.#parts, trusted: this.trusted, gitPath: this.#git.path }),
      autoImport: () => readSettings(root).autoImport,
      consents: this.#parts.consents,
      arrived: (arrival) => this.#arrived.fire(arrival),
      log: this.#parts.log,
    });
    this.#sessions.set(found.place.root, session);
    session.onDidChange(({ state }) => {
      if (state?.folder === 'absent' && !this.#initialising.has(found.place.root)) this.#news.touch();
      this.#tell();
    });
    this.#listen();
    return session;
  }

  #remove(root: string): void {
    this.#sessions.get(root)?.dispose();
    this.#sessions.delete(root);
  }

  /** What is needed only once there is a folder. */
  #listen(): void {
    if (this.trusted) this.#git.start();
    if (this.#isListening) return;
    this.#isListening = true;
    this.#own.push(
      this.#git.onDidMoveHead(() => this.#touch('git')),
      this.#git.onDidChangePath(() => this.#configure('git')),
      window.onDidChangeWindowState(({ focused }) => {
        if (focused) this.#touch('focus');
      }),
    );
  }

  /** New watchers only where the opened folders, or the places in question, are others than before. */
  #watch(opened: readonly Discovered[]): void {
    const watched = opened.map(({ place, folder }) => `${folder.uri.toString()} ${place.root}`).join('\n');
    if (watched === this.#watched) return;
    this.#watched = watched;
    this.#watchers?.dispose();
    const watchers = opened.map(({ place, folder }) =>
      watchForEngram(folder.uri, Uri.joinPath(Uri.file(place.root), '..').fsPath, (root) => this.#appeared(root)),
    );
    this.#watchers = Disposable.from(...watchers);
  }

  #appeared(root: string): void {
    if (this.#sessions.has(root)) return;
    this.#named.add(root);
    this.#news.touch();
  }

  #touch(reason: 'git' | 'focus'): void {
    for (const session of this.#sessions.values()) session.touch(reason);
  }

  #configure(reason: 'trust' | 'settings' | 'git'): void {
    if (this.trusted && this.#sessions.size > 0) this.#git.start();
    if (reason !== 'git') void this.cloud.refresh();
    for (const session of this.#sessions.values()) session.configure(reason);
    this.#tell();
  }

  #tell(): void {
    if (this.#isDisposed || !this.#hasLooked) return;
    const snapshots = this.all.map((session) => session.snapshot);
    this.#contextKeys.update(contextValues(this.kind, snapshots, this.cloud));
    this.#changed.fire();
  }
}
