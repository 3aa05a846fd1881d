/** VS Code's storage of an extension, in memory. */
export class FakeStorage {
  readonly kept = new Map<string, unknown>();

  get(key: string): unknown {
    return this.kept.get(key);
  }

  async update(key: string, value: unknown): Promise<void> {
    this.kept.set(key, value);
  }
}
