import type { DatabaseChoice, FolderOptions } from '../engine/folderRequests.ts';
import type { Storage } from './storage.ts';

/** What a person has said about the memories of one `.engram` folder; kept in the extension's own storage, so that no repository can say it. */
export interface MemoryChoice {
  /** Absent: not asked yet, the setting holds. */
  readonly database?: DatabaseChoice;
  /** What may leave the live database. Absent: not asked yet, so nothing. */
  readonly share?: 'all' | 'without-prompts';
  /** Whose memories it shares from the live database. Absent: the one that is detected; from the first answer on it is pinned. */
  readonly project?: string;
}

/** The choices of all folders of a workspace, by the path of `.engram`. What was stored is looked at, not trusted. */
export class MemoryChoices {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  of(root: string): MemoryChoice {
    const kept = this.#storage.get(keyOf(root));
    const read = (name: string): unknown =>
      typeof kept === 'object' && kept !== null ? (kept as Record<string, unknown>)[name] : undefined;
    const [database, share, project] = [read('database'), read('share'), read('project')];
    return {
      ...((database === 'workspace' || database === 'live' || database === 'auto') && { database }),
      ...((share === 'all' || share === 'without-prompts') && { share }),
      ...(typeof project === 'string' && project !== '' && { project }),
    };
  }

  async change(root: string, change: MemoryChoice): Promise<void> {
    await this.#storage.update(keyOf(root), { ...this.of(root), ...change });
  }

  /** Of another project nobody has said yet that it may leave. */
  async setProject(root: string, project: string): Promise<void> {
    const { share: _asked, ...rest } = this.of(root);
    await this.#storage.update(keyOf(root), { ...rest, project });
  }

  /** @param setting what holds where nobody was asked. */
  optionsOf(root: string, setting: DatabaseChoice): Pick<FolderOptions, 'database' | 'mayExport' | 'includePrompts' | 'project'> {
    const { database = setting, share, project } = this.of(root);
    if (database === 'workspace') return { database };
    const includePrompts = share !== 'without-prompts';
    return { database, mayExport: share !== undefined, includePrompts, ...(project !== undefined && { project }) };
  }
}

function keyOf(root: string): string {
  return `engram.memories:${root}`;
}
