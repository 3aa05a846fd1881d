import type { CloudSyncSummary } from '../engine/cloud/cloudState.ts';
import type { ExportSummary, HealSummary, ImportSummary, SyncSummary } from '../engine/folderState.ts';
import type { UndoSummary } from '../engine/undo.ts';
import { chunkCount, contentOf, editCount } from './counts.ts';
import { plain } from './plainText.ts';
import type { Translate } from './translate.ts';

/** What a run did, as one line for the status bar. */

export function syncText(t: Translate, runs: readonly SyncSummary[]): string {
  const imported = importedContent(
    t,
    runs.map((run) => run.imported),
  );
  const exported = exportedContent(
    t,
    runs.map((run) => run.exported),
  );
  if (imported !== '' && exported !== '') return t('Engram: imported {0}; wrote {1}, commit to share', imported, exported);
  if (imported !== '') return t('Engram: imported {0}', imported);
  return exported === '' ? t('Engram: nothing new') : t('Engram: wrote {0}, commit to share', exported);
}

/** What an exchange with the cloud brought and sent. */
export function cloudSyncText(t: Translate, { imported, exported }: CloudSyncSummary): string {
  const fetched = importedContent(t, [imported]);
  // What a chunk of the cloud calls its mutations are the same rows again.
  const sent = exported.chunkIds.length === 0 ? '' : contentOf(t, exported) || chunkCount(t, exported.chunkIds.length);
  if (fetched !== '' && sent !== '') return t('fetched {0}; sent {1}', fetched, sent);
  if (fetched !== '') return t('fetched {0}', fetched);
  return sent === '' ? t('nothing new') : t('sent {0}', sent);
}

export function importText(t: Translate, runs: readonly ImportSummary[]): string {
  const imported = importedContent(t, runs);
  return imported === '' ? t('Engram: nothing to import') : t('Engram: imported {0}', imported);
}

export function exportText(t: Translate, runs: readonly ExportSummary[]): string {
  const exported = exportedContent(t, runs);
  return exported === '' ? t('Engram: nothing new to export') : t('Engram: wrote {0}, commit to share', exported);
}

/** What undoing an import does, before it is done: sentences for a question. */
export function undoDetail(t: Translate, { memories, prompts, relations, back, returned, kept }: UndoSummary): string {
  const removed = contentOf(t, { memories, prompts, relations });
  const sentences = [
    removed !== '' && t('Removed from this database: {0}.', removed),
    back > 0 && (back === 1 ? t('1 goes back to its earlier version.') : t('{0} go back to their earlier version.', back)),
    returned > 0 && (returned === 1 ? t('1 that it deleted comes back.') : t('{0} that it deleted come back.', returned)),
    kept > 0 &&
      (kept === 1
        ? t('1 stays as it is, because the chunk with its earlier version cannot be read.')
        : t('{0} stay as they are, because the chunk with their earlier version cannot be read.', kept)),
  ].filter((sentence) => sentence !== false);
  const changes = sentences.length > 0 ? sentences : [t('Nothing in this database came from it alone.')];
  const rest = t('What you changed yourself stays. The chunk stays in the folder and your team is not affected; you can import it again.');
  return [...changes, rest].join('\n');
}

export function copiedText(t: Translate, summary: ImportSummary): string {
  const content = importedContent(t, [summary]);
  return content === '' ? t('Engram: nothing to copy, both have the same') : t('Engram: copied {0}', content);
}

export function restoredText(t: Translate, summary: ImportSummary): string {
  const content = importedContent(t, [summary]);
  return content === '' ? t('Engram: nothing to restore') : t('Engram: restored {0}', content);
}

/** What a repair did, as one line. */
export function healedText(t: Translate, { written, restored, notFound }: HealSummary): string {
  const missing = notFound.length > 0 ? t('{0} not found', chunkCount(t, notFound.length)) : '';
  const back = restored.length > 0 ? t('{0} restored', chunkCount(t, restored.length)) : '';
  const manifest = written ? t('manifest repaired') : '';
  const parts = [manifest, back, missing].filter((part) => part !== '');
  return parts.length === 0 ? t('Engram: nothing to repair') : t('Engram: {0}', parts.join(', '));
}

/** `Engram: 3 memories from ana and bob`: shown by itself after a pull. `''` when nothing a person would notice arrived. */
export function arrivalText(t: Translate, locale: string, summary: ImportSummary): string {
  const content = importedContent(t, [summary]);
  const authors = summary.authors.map((author) => plain(author, 30)).filter((author) => author !== '');
  if (content === '') return '';
  if (authors.length === 0) return t('Engram: {0}', content);
  return t('Engram: {0} from {1}', content, new Intl.ListFormat(locale, { type: 'conjunction' }).format(authors));
}

function importedContent(t: Translate, runs: readonly ImportSummary[]): string {
  const sum = (key: 'memories' | 'prompts' | 'sessions' | 'relations' | 'edits' | 'deletes' | 'chunks'): number =>
    runs.reduce((total, run) => total + run[key], 0);
  const content = contentOf(t, {
    memories: sum('memories'),
    prompts: sum('prompts'),
    sessions: sum('sessions'),
    relations: sum('relations'),
    edits: sum('edits'),
    deletes: sum('deletes'),
  });
  return content === '' && sum('chunks') > 0 ? chunkCount(t, sum('chunks')) : content;
}

function exportedContent(t: Translate, runs: readonly ExportSummary[]): string {
  const sum = (key: 'memories' | 'prompts' | 'sessions' | 'mutations'): number => runs.reduce((total, run) => total + run[key], 0);
  const chunks = runs.reduce((total, run) => total + run.chunkIds.length, 0);
  if (chunks === 0) return '';
  const rows = contentOf(t, { memories: sum('memories'), prompts: sum('prompts'), sessions: sum('mutations') > 0 ? 0 : sum('sessions') });
  const edits = sum('mutations') > 0 ? editCount(t, sum('mutations')) : '';
  return [rows, edits].filter((part) => part !== '').join(', ') || chunkCount(t, chunks);
}
