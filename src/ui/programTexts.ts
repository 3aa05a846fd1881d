import type { FolderState, ProgramProblem } from '../engine/folderState.ts';
import type { ProgramPreview, ProgramSyncSummary } from '../engine/programSync.ts';
import { chunkCount, contentOf, editCount, memoryCount } from './counts.ts';
import type { Notice } from './folderNotices.ts';
import { LABEL_LENGTH, plain, SENTENCE_LENGTH } from './plainText.ts';
import type { Translate } from './translate.ts';

/** Memories that only the Engram program can write here: why, what it would do, and what it did. */

const PATH_LENGTH = 120;

/** Why the memories are read-only, and the one thing to do about it. */
export function programNotices(t: Translate, root: string, { program }: FolderState): Notice[] {
  if (!program) return [];
  const { path, problem = 'not-found' } = program;
  const headline = t('Database of the Engram program');
  if (path !== '') {
    const detail = t(
      'This editor has no SQLite that can write beside agents, so the memories are shown as of their last commit. Saving, editing, deleting and syncing go through the engram program ({0}), when you ask for it.',
      plain(path, PATH_LENGTH),
    );
    return [{ id: 'program', severity: 'info', headline, detail, action: { kind: 'sync', root } }];
  }
  const detail = t(
    'This editor has no SQLite that can write beside agents, so the memories are shown read-only, as of their last commit. {0} Nothing is lost; update the editor, or install the engram program.',
    whyNone(t, problem),
  );
  return [{ id: 'program', severity: 'warning', headline, detail, action: { kind: 'run', command: 'engram.setProgramPath' } }];
}

function whyNone(t: Translate, problem: ProgramProblem): string {
  const reasons: Readonly<Record<ProgramProblem, () => string>> = {
    'not-found': () => t('The engram program, which could write them, is in no folder of PATH.'),
    'not-absolute': () => t('The path of the engram program in the settings is not absolute, so it is not run.'),
    'not-a-program': () => t('At the path of the engram program in the settings is nothing that can be run.'),
  };
  return reasons[problem]();
}

/** Why a path cannot be that of the program; `undefined`: it may be. Whether a program is there is found out where it would run. */
export function pathProblem(t: Translate, path: string): string | undefined {
  const isAbsolute = /^(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(path.trim());
  return path.trim() === '' || isAbsolute ? undefined : t('The path has to be absolute, such as /usr/local/bin/engram');
}

export interface ProgramQuestion {
  readonly question: string;
  readonly detail: string;
  /** Something waits to be imported. */
  readonly canImport: boolean;
}

/** @param keepsPrompts the person has said that prompts stay here */
export function programQuestion(t: Translate, preview: ProgramPreview, keepsPrompts: boolean): ProgramQuestion {
  const project = plain(preview.share.project, LABEL_LENGTH);
  return {
    question: project === '' ? t('Sync this folder with the engram program?') : t('Sync project “{0}” with the engram program?', project),
    detail: [...importLines(t, preview), '', ...shareLines(t, preview, keepsPrompts), '', plain(preview.program, PATH_LENGTH)].join('\n'),
    canImport: preview.chunks > 0,
  };
}

/** As far as can be seen from here. */
export function hasNothingToDo({ chunks, share }: ProgramPreview): boolean {
  return chunks === 0 && share.memories + share.prompts + share.relations + share.edits + share.deletes === 0;
}

function importLines(t: Translate, preview: ProgramPreview): string[] {
  const { chunks, arrivals, otherProjects, newerHere, altered, unreadable } = preview;
  if (chunks === 0) return [t('Nothing waits to be imported.')];
  const content = contentOf(t, arrivals);
  const lines = [
    content === '' ? t('To import: {0}.', chunkCount(t, chunks)) : t('To import: {0} with {1}.', chunkCount(t, chunks), content),
    otherProjects > 0 && t('Changes of other projects’ memories among them, which the program does not hold back: {0}', otherProjects),
    newerHere > 0 && t('Memories that are newer here; if the program sets them back, they are put back: {0}', newerHere),
    altered > 0 && t('Chunks altered after they were written, which the program imports all the same: {0}', altered),
    unreadable > 0 && t('Chunks that cannot be read; the program stops there: {0}', unreadable),
  ];
  return lines.filter((line) => line !== false);
}

function shareLines(t: Translate, preview: ProgramPreview, keepsPrompts: boolean): string[] {
  const { share, personal, author } = preview;
  const { byType, prompts, relations, edits, deletes } = share;
  const types = byType
    .filter(({ name }) => name !== 'prompt')
    .map(({ name, count }) => `${plain(name || t('no type'), LABEL_LENGTH)}: ${memoryCount(t, count)}`);
  const rest = contentOf(t, { memories: 0, prompts: 0, relations, edits, deletes });
  const news = [
    ...types,
    ...(personal > 0 ? [t('Personal memories among them: {0}', personal)] : []),
    ...(prompts > 0 ? [t('Prompts, what you typed to agents: {0}', prompts)] : []),
    ...(prompts > 0 && keepsPrompts ? [t('You said that prompts stay here. The program cannot leave them out.')] : []),
    ...(rest === '' ? [] : [rest]),
  ];
  if (news.length === 0) return [t('Nothing here is new to your team, as far as can be seen.')];
  return [
    t('To share, as {0}:', plain(author, LABEL_LENGTH)),
    ...news,
    t(
      'The program shares prompts and personal memories, too, and decides by its clock: it may write more than this, or less. It goes into .engram, which git shares with everybody who has the repository.',
    ),
  ];
}

/** What a run did, as found in its database and in the chunks. */
export function programResult(t: Translate, summary: ProgramSyncSummary): { readonly text: string; readonly isWarning: boolean } {
  const done = doneText(t, summary);
  const { stopped, notBrought, putBack, setBack, waiting } = summary;
  if (stopped) return { text: stoppedText(t, summary, done), isWarning: true };
  const warnings = [
    notBrought > 0 &&
      t(
        'Not brought, because this release of the program passes over it: {0}. It stays in the chunks; a newer release, or an editor with SQLite of its own, can bring it.',
        editCount(t, notBrought),
      ),
    setBack > 0 && t('Set back to an older version by the program: {0}.', memoryCount(t, setBack)),
    waiting > 0 && t('{0} still waiting to be imported.', chunkCount(t, waiting)),
  ].filter((line) => line !== false);
  const mended = putBack > 0 ? [t('Set back by the program, and put back as it was: {0}.', memoryCount(t, putBack))] : [];
  return { text: [done, ...mended, ...warnings].join(' '), isWarning: warnings.length > 0 };
}

function stoppedText(t: Translate, { stopped, waiting }: ProgramSyncSummary, done: string): string {
  const reason = plain(stopped?.reason ?? '', SENTENCE_LENGTH);
  return stopped?.step === 'import'
    ? t(
        'The engram program stopped while importing ({0}). {1} Nothing was shared; still waiting: {2}. Check the folder’s health to see what stops it.',
        reason,
        done,
        chunkCount(t, waiting),
      )
    : t('The engram program stopped while sharing ({0}). {1} Nothing is lost; see the log, then sync again.', reason, done);
}

function doneText(t: Translate, { imported, shared }: ProgramSyncSummary): string {
  const came = contentOf(t, imported) || (imported.chunks > 0 ? chunkCount(t, imported.chunks) : '');
  const { memories, prompts, sessions, mutations } = shared;
  const left =
    contentOf(t, { memories, prompts, sessions, edits: mutations }) ||
    (shared.chunkIds.length > 0 ? chunkCount(t, shared.chunkIds.length) : '');
  const personal = shared.personal > 0 ? t('Personal memories among them: {0}.', shared.personal) : '';
  if (came !== '' && left !== '')
    return [t('The engram program imported {0} and wrote {1}: commit to share.', came, left), personal].filter(Boolean).join(' ');
  if (came !== '') return t('The engram program imported {0}.', came);
  return left === ''
    ? t('The engram program found nothing new.')
    : [t('The engram program wrote {0}: commit to share.', left), personal].filter(Boolean).join(' ');
}
