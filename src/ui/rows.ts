import type { CommandId } from './commandIds.ts';

/** A row of a tree without any `vscode` object, so that wording, order and icons are unit-tested. Plain text only. */
export interface Row {
  /** Stable across refreshes: VS Code keeps selection and expansion by it. */
  readonly id: string;
  readonly label: string;
  /** The secondary fact, dimmed, behind the label. */
  readonly description: string;
  readonly tooltip: string;
  readonly icon: RowIcon;
  /** Read by screen readers in place of label and description. */
  readonly spoken: string;
  /** Decides which menu entries a row has: `engram.<what>[.<state>]`. */
  readonly contextValue: string;
  /** What commands and clicks act on. */
  readonly target: RowTarget;
  /** `[]` where there is nothing to unfold; `'contents'` where the rows are asked for when the chunk is unfolded. */
  readonly children: readonly Row[] | 'contents';
  /** Unfolded when it is first drawn. */
  readonly isOpen?: boolean;
}

export interface RowIcon {
  /** A codicon. */
  readonly name: string;
  /** A theme colour; the icon alone must say it too. */
  readonly color?: string;
}

/** `root` is the string of the session's `.engram` URI. */
export type RowTarget =
  | { readonly kind: 'folder'; readonly root: string }
  | { readonly kind: 'group' }
  | { readonly kind: 'chunk'; readonly root: string; readonly id: string }
  | { readonly kind: 'memory'; readonly root: string; readonly id: string; readonly chunkId: string }
  | { readonly kind: 'notice'; readonly action: NoticeAction | undefined };

/** What a click on a notice does. */
export type NoticeAction =
  | { readonly kind: 'open-manifest'; readonly root: string }
  | { readonly kind: 'repair'; readonly root: string }
  | { readonly kind: 'sync'; readonly root: string }
  | { readonly kind: 'restore-kept'; readonly root: string }
  | { readonly kind: 'review-unshared'; readonly root: string }
  | { readonly kind: 'import-altered'; readonly root: string; readonly id: string }
  | { readonly kind: 'review-held-back'; readonly root: string }
  | { readonly kind: 'reveal-chunk'; readonly root: string; readonly id: string }
  | { readonly kind: 'cloud'; readonly root: string; readonly command: CloudCommand }
  | { readonly kind: 'run'; readonly command: RunCommand };

/** What can be the next thing to do in the cloud's view. */
export type CloudCommand = Extract<
  CommandId,
  'engram.connectCloud' | 'engram.enrollProject' | 'engram.syncCloud' | 'engram.diagnoseCloudUpgrade' | 'engram.bootstrapCloud'
>;

type RunCommand =
  | 'engram.syncNow'
  | 'engram.showLog'
  | 'engram.installMergeDriver'
  | 'engram.setProgramPath'
  | 'engram.chooseDatabase'
  | 'workbench.trust.manage'
  | 'workbench.view.scm';

/** The part of a session that rows are made of. */
export interface RowSource<Snapshot> {
  readonly root: string;
  readonly snapshot: Snapshot;
}

/** Several folders get a row each; the rows of a single one stand at the top. Folders without rows are left out. */
export function perFolder(folders: readonly { readonly folder: Row; readonly rows: readonly Row[] }[]): readonly Row[] {
  if (folders.length <= 1) return folders[0]?.rows ?? [];
  return folders.filter(({ rows }) => rows.length > 0).map(({ folder, rows }) => ({ ...folder, children: rows, isOpen: true }));
}
