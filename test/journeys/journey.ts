import type { Harness } from '../../scripts/harness/install.ts';
import type { Server, ServerOptions } from '../../scripts/harness/server.ts';
import type { Workbench } from './workbench.ts';

/** What a journey gets: a server of its own with the packed extension installed, and a folder that is gone afterwards. */
export interface Stage {
  readonly harness: Harness;
  readonly server: Server;
  /** Fresh, short, absolute. */
  readonly folder: string;
  /** Opens a window on a folder; closed by the runner. */
  open(folder: string): Promise<Workbench>;
  /** Keeps a picture: always under `test-results`, with `--docs` also as `docs/screenshots/<name>.png`. */
  picture(window: Workbench, name: string): Promise<void>;
}

/** One thing that a person comes to do, from the first click to what they see in the end. */
export interface Journey {
  readonly name: string;
  readonly server?: Pick<ServerOptions, 'settings' | 'env' | 'uid' | 'nodeFlags'>;
  /** False: Workspace Trust is on, as in a new installation, and the folder is not trusted. */
  readonly trusted?: boolean;
  /** Why it cannot run on this machine; `undefined` where it can. */
  skip?(): string | undefined;
  run(stage: Stage): Promise<void>;
}
