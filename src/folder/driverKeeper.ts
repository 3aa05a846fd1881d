import type { GitCommand } from '../adapters/git.ts';
import { GitMergeDriver } from '../adapters/gitMergeDriver.ts';
import { EngramError } from '../engine/errors.ts';
import type { MergeDriverAction } from '../engine/folderRequests.ts';
import type { MergeDriverState } from '../engine/folderState.ts';

/** The merge driver of the repository that a folder is in: looked at once, when the folder is opened, and after each change. */
export class DriverKeeper {
  readonly #program: string;
  readonly #warn: (message: string) => void;
  #state: MergeDriverState | undefined;

  /** @param program absolute path of the bundled `mergeDriver.js` */
  constructor(program: string, warn: (message: string) => void) {
    this.#program = program;
    this.#warn = warn;
  }

  /** `undefined` as long as there is no git to ask. */
  get state(): MergeDriverState | undefined {
    return this.#state;
  }

  /** @throws {EngramError} git-failed, io-failed, read-only, disk-full */
  async change(action: MergeDriverAction, git: GitCommand | undefined): Promise<MergeDriverState> {
    if (!git) throw new EngramError('git-failed', 'There is no git repository here, so there is no merge to help with.');
    const driver = new GitMergeDriver(git.place, this.#program);
    if (action === 'install') await driver.install();
    if (action === 'remove') await driver.remove();
    this.#state = await driver.state();
    return this.#state;
  }

  /** One that merely is of another release, or knows only a Node that is gone, is renewed: somebody has asked for it once. Never throws for what is wrong with it. */
  async check(git: GitCommand | undefined): Promise<void> {
    if (this.#state !== undefined || !git) return;
    try {
      if ((await this.change('status', git)) === 'outdated') await this.change('install', git);
    } catch (error) {
      if (!EngramError.is(error)) throw error;
      this.#state ??= 'absent';
      this.#warn(`the merge driver could not be checked: ${error.code}`);
    }
  }
}
