import type { SessionSnapshot, WorkspaceKind } from './session.ts';
import type { Settings } from './settings.ts';

export interface WindowFacts {
  readonly version: string;
  /** Of the editor. */
  readonly editor: string;
  readonly platform: string;
  readonly kind: WorkspaceKind;
  readonly hasGitPath: boolean;
  readonly sessions: readonly { readonly snapshot: SessionSnapshot; readonly settings: Settings }[];
}

/** A text for a bug report: versions, counts and codes. No memory text, no names, no paths. */
export function describeWindow(facts: WindowFacts): string {
  const head = [
    `Engram Team Memory ${facts.version}, editor ${facts.editor}, ${facts.platform}`,
    `window: ${facts.kind}, git extension: ${facts.hasGitPath ? 'yes' : 'no'}, folders: ${facts.sessions.length}`,
  ];
  return [...head, ...facts.sessions.flatMap(({ snapshot, settings }, at) => describeFolder(at + 1, snapshot, settings)), ''].join('\n');
}

function describeFolder(number: number, { state, activity, failure, cloud: stands }: SessionSnapshot, settings: Settings): string[] {
  const { autoImport, author, includePersonal, limits, database, cloud } = settings;
  const lines = [
    `folder ${number}: ${activity.kind}, last failure: ${failure?.code ?? 'none'}`,
    `  settings: autoImport ${autoImport}, author ${author === '' ? 'default' : 'set'}, includePersonal ${includePersonal}, database ${database}, limits ${limits.maxChunkBytes} and ${limits.maxManifestBytes} bytes`,
    `  cloud: server ${cloud.server === '' ? 'none' : 'set'}, automatic ${cloud.autosync}${stands ? `, enrolled ${stands.enrolled}, to send ${stands.toSend}, last reason ${stands.sync?.reasonCode || 'none'}` : ''}`,
  ];
  if (!state) return [...lines, '  not looked at yet'];
  return [
    ...lines,
    `  ${state.mode}; folder ${state.folder}, manifest ${state.manifest}, database ${state.database}${state.live ? ' (live)' : ''}${state.program ? `, program ${state.program.problem ?? 'found'}` : ''}`,
    `  chunks: ${counts(state.chunkTotals)}`,
    `  rows: ${counts(state.totals)}`,
    `  to share: ${counts(state.toShare)}`,
    `  git: ${state.git.available ? 'yes' : 'no'}, ignored ${state.git.ignored}, uncommitted ${state.git.uncommitted}`,
    `  problems: ${state.problems.map((problem) => problem.code).join(', ') || 'none'}`,
  ];
}

function counts(numbers: object): string {
  return Object.entries(numbers)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
