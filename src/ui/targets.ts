/** What a command was called with: a tree's row, a document's URI from an editor's menu, or a target of ours. Anything else is nothing. */
export interface Target {
  /** The string of the session's `.engram` URI. */
  readonly root: string;
  readonly kind: 'folder' | 'chunk' | 'memory';
  /** `''` for a folder. */
  readonly id: string;
  /** The chunk that a memory was seen in; `''` when unknown. */
  readonly chunkId: string;
}

/** Commands can be called by anybody with anything, so the argument is looked at, not trusted. */
export function targetOf(argument: unknown): Target | undefined {
  const target = field(argument, 'target') ?? argument;
  const kind = field(target, 'kind');
  const root = field(target, 'root');
  const id = field(target, 'id');
  if (typeof root !== 'string') return undefined;
  if (kind === 'folder') return { kind, root, id: '', chunkId: '' };
  if ((kind !== 'chunk' && kind !== 'memory') || typeof id !== 'string') return undefined;
  const chunkId = field(target, 'chunkId');
  return { kind, root, id, chunkId: typeof chunkId === 'string' ? chunkId : '' };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
