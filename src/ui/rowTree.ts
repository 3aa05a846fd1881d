import {
  type Command,
  EventEmitter,
  type LogOutputChannel,
  l10n,
  ThemeColor,
  ThemeIcon,
  type TreeDataProvider,
  TreeItem,
  TreeItemCollapsibleState,
  Uri,
} from 'vscode';
import { EngramError } from '../engine/errors.ts';
import type { Sessions } from '../host/session.ts';
import type { CommandId } from './commandIds.ts';
import { contentFailureRow, contentRows } from './contentRows.ts';
import type { NoticeAction, Row } from './rows.ts';

/** Draws rows. Empty ones are answered by `viewsWelcome` in package.json, never by a message. */
export class RowTree implements TreeDataProvider<Row> {
  readonly #sessions: Sessions;
  readonly #log: LogOutputChannel;
  readonly #changed = new EventEmitter<void>();
  #rows: readonly Row[] = [];
  #drawn = '';
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(sessions: Sessions, log: LogOutputChannel) {
    this.#sessions = sessions;
    this.#log = log;
  }

  /** Replaces all rows. Progress changes many snapshots and few rows, so what looks the same is not drawn again. */
  show(rows: readonly Row[]): void {
    const drawn = JSON.stringify(rows);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#rows = rows;
    this.#changed.fire();
  }

  async getChildren(parent?: Row): Promise<Row[]> {
    if (!parent) return [...this.#rows];
    return parent.children === 'contents' ? [...(await this.#contents(parent))] : [...parent.children];
  }

  getTreeItem(row: Row): TreeItem {
    const item = new TreeItem(row.label, collapsibleState(row));
    item.id = row.id;
    item.description = row.description;
    item.tooltip = row.tooltip;
    item.iconPath = new ThemeIcon(row.icon.name, row.icon.color === undefined ? undefined : new ThemeColor(row.icon.color));
    item.contextValue = row.contextValue;
    item.accessibilityInformation = { label: row.spoken };
    const command = commandOf(row);
    if (command) item.command = command;
    return item;
  }

  dispose(): void {
    this.#changed.dispose();
  }

  /** A chunk that cannot be read says so below itself. */
  async #contents({ id, target }: Row): Promise<readonly Row[]> {
    if (target.kind !== 'chunk') return [];
    const session = this.#sessions.all.find(({ root }) => root.toString() === target.root);
    const place = { root: target.root, parentId: id };
    try {
      return session ? contentRows(l10n.t, await session.requests.chunkContents(target.id), place) : [];
    } catch (error) {
      if (!EngramError.is(error)) this.#log.error(error instanceof Error ? error : String(error), 'unfolding a chunk');
      const message = EngramError.is(error) ? error.message : l10n.t('Engram could not finish. The log has details.');
      return [contentFailureRow(message, place, target.id)];
    }
  }
}

function collapsibleState({ children, isOpen }: Row): TreeItemCollapsibleState {
  if (children === 'contents') return TreeItemCollapsibleState.Collapsed;
  if (children.length === 0) return TreeItemCollapsibleState.None;
  return isOpen ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.Collapsed;
}

/** A click reads; it never imports. A chunk without a file has nothing to read. */
function commandOf({ target, contextValue }: Row): Command | undefined {
  switch (target.kind) {
    case 'chunk':
      return contextValue.endsWith('.missing') || contextValue.endsWith('.unreadable') ? undefined : ours('engram.openChunk', target);
    case 'memory':
      return ours('engram.openMemory', target);
    case 'notice':
      return target.action && noticeCommand(target.action);
    default:
      return undefined;
  }
}

function noticeCommand(action: NoticeAction): Command {
  switch (action.kind) {
    case 'open-manifest': {
      const file = Uri.joinPath(Uri.parse(action.root), 'manifest.json');
      return { title: l10n.t('Open'), command: 'vscode.open', arguments: [file] };
    }
    case 'import-altered':
      return ours('engram.importChunk', { kind: 'chunk', root: action.root, id: action.id });
    case 'reveal-chunk':
      return ours('engram.revealChunk', { kind: 'chunk', root: action.root, id: action.id });
    case 'repair':
      return ours('engram.repairManifest', { kind: 'folder', root: action.root });
    case 'sync':
      return ours('engram.syncNow', { kind: 'folder', root: action.root });
    case 'restore-kept':
      return ours('engram.restoreKept', { kind: 'folder', root: action.root });
    case 'review-unshared':
      return ours('engram.reviewUnshared', { kind: 'folder', root: action.root });
    case 'cloud':
      return ours(action.command, { kind: 'folder', root: action.root });
    case 'review-held-back':
      return ours('engram.reviewHeldBack', { kind: 'folder', root: action.root });
    case 'run':
      return { title: l10n.t('Open'), command: action.command };
  }
}

function ours(command: CommandId, target: unknown): Command {
  return { title: l10n.t('Open'), command, arguments: [target] };
}
