import { isAbsolute } from 'node:path';
import { Disposable, type Event, EventEmitter, extensions, type Uri } from 'vscode';

/** The parts of the editor's own git extension that are used here (its API, version 1). */
interface GitExports {
  readonly enabled: boolean;
  readonly onDidChangeEnablement: Event<boolean>;
  /** Throws while git is disabled. */
  getAPI(version: 1): GitApi;
}

interface GitApi {
  readonly git: { readonly path: string };
  readonly repositories: readonly GitRepository[];
  readonly onDidOpenRepository: Event<GitRepository>;
  readonly onDidCloseRepository: Event<GitRepository>;
}

interface GitRepository {
  readonly rootUri: Uri;
  readonly state: { readonly HEAD: { readonly name?: string; readonly commit?: string } | undefined; readonly onDidChange: Event<void> };
}

/**
 * Tells when a branch or commit was checked out, and where the git executable is. The editor's git extension may be missing, disabled,
 * installed later or switched off and on: then this says nothing, and the file watchers do.
 */
export class GitExtension implements Disposable {
  readonly #moved = new EventEmitter<void>();
  readonly #pathChanged = new EventEmitter<void>();
  readonly #own: Disposable[] = [this.#moved, this.#pathChanged];
  readonly #repositories = new Map<string, Disposable>();
  #exports: GitExports | undefined;
  #api: Disposable | undefined;
  #path = '';
  #isStarted = false;
  #isDisposed = false;
  /** HEAD of some repository moved: a pull, checkout, commit, rebase or merge. */
  readonly onDidMoveHead = this.#moved.event;
  readonly onDidChangePath = this.#pathChanged.event;

  /** Absolute path of the git executable, `''` as long as nobody says. */
  get path(): string {
    return this.#path;
  }

  /** Idempotent. Not to be called before it is needed: it waits for the other extension. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#own.push(extensions.onDidChange(() => void this.#attach()));
    void this.#attach();
  }

  async #attach(): Promise<void> {
    const extension = extensions.getExtension<GitExports>('vscode.git');
    if (!extension) return this.#detach();
    // One that fails to start is as good as absent; it says so itself.
    const exports = await Promise.resolve(extension.activate()).catch(() => undefined);
    if (this.#isDisposed || !exports || exports === this.#exports) return;
    this.#exports = exports;
    this.#own.push(exports.onDidChangeEnablement((isEnabled) => (isEnabled ? this.#use(exports) : this.#drop())));
    if (exports.enabled) this.#use(exports);
  }

  #detach(): void {
    this.#exports = undefined;
    this.#drop();
  }

  #use(exports: GitExports): void {
    this.#drop();
    const api = exports.getAPI(1);
    this.#api = Disposable.from(
      api.onDidOpenRepository((repository) => this.#watch(repository)),
      api.onDidCloseRepository((repository) => this.#forget(repository.rootUri.toString())),
    );
    for (const repository of api.repositories) this.#watch(repository);
    // On Linux it may be plain `git`; then the engine looks for it in PATH itself, never in the working folder.
    this.#setPath(isAbsolute(api.git.path) ? api.git.path : '');
  }

  #drop(): void {
    this.#api?.dispose();
    this.#api = undefined;
    for (const root of [...this.#repositories.keys()]) this.#forget(root);
    this.#setPath('');
  }

  /** Its state changes with every `git status`; only a moved HEAD is news. It may be undefined at first. */
  #watch(repository: GitRepository): void {
    const { rootUri, state } = repository;
    let head = headOf(repository);
    this.#forget(rootUri.toString());
    const listener = state.onDidChange(() => {
      const now = headOf(repository);
      if (now === head) return;
      head = now;
      this.#moved.fire();
    });
    this.#repositories.set(rootUri.toString(), listener);
  }

  #forget(root: string): void {
    this.#repositories.get(root)?.dispose();
    this.#repositories.delete(root);
  }

  #setPath(path: string): void {
    if (path === this.#path) return;
    this.#path = path;
    this.#pathChanged.fire();
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#api?.dispose();
    for (const root of [...this.#repositories.keys()]) this.#forget(root);
    Disposable.from(...this.#own).dispose();
  }
}

function headOf({ state }: GitRepository): string {
  return `${state.HEAD?.name ?? ''} ${state.HEAD?.commit ?? ''}`;
}
