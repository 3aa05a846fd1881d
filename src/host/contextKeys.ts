import { commands } from 'vscode';
import type { ContextValues } from './contextValues.ts';

/** The only one who sets context keys, and only those that changed: each costs the editor a pass over all menus. */
export class ContextKeys {
  readonly #set = new Map<string, unknown>();

  update(values: ContextValues): void {
    for (const [key, value] of Object.entries(values)) {
      if (this.#set.get(key) === value) continue;
      this.#set.set(key, value);
      void commands.executeCommand('setContext', key, value);
    }
  }
}
