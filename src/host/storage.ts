/** The part of VS Code's `Memento` that is used. */
export interface Storage {
  get(key: string): unknown;
  /** @param value `undefined` forgets it */
  update(key: string, value: unknown): Thenable<void>;
}
