import { env, l10n, type Uri, window } from 'vscode';
import { EngramError } from '../../engine/errors.ts';
import type { ChunkRow } from '../../engine/folderState.ts';
import type { FolderSession } from '../../host/session.ts';
import { authorText } from '../chunkStates.ts';
import { contentOf } from '../counts.ts';
import { momentText } from '../moments.ts';
import { plain } from '../plainText.ts';
import { type Target, targetOf } from '../targets.ts';
import type { CommandContext } from './commandContext.ts';

/**
 * The folder that a command is about: the one it was called with, the only one, or the one that the person picks.
 *
 * @returns `undefined` when the person changed their mind.
 * @throws {EngramError} untrusted, not-initialised
 */
export async function chooseSession(
  context: CommandContext,
  target: { readonly root: string } | undefined,
): Promise<FolderSession | undefined> {
  const { all } = context.sessions;
  const called = all.find(({ root }) => root.toString() === target?.root);
  if (called) return called;
  const usable = all.filter(({ snapshot }) => snapshot.state === undefined || snapshot.state.folder === 'ok');
  if (usable.length === 0)
    throw new EngramError(
      'not-initialised',
      l10n.t('There is no .engram folder in this window. Run “Engram: Initialize .engram Here” first.'),
    );
  if (usable.length === 1) return usable[0];
  const items = usable.map((session) => ({ label: plain(session.snapshot.name), session }));
  const picked = await window.showQuickPick(items, { placeHolder: l10n.t('Which folder?') });
  return picked?.session;
}

/** Commands can be called where menus hide them. @throws {EngramError} untrusted */
export function mustBeTrusted({ sessions }: CommandContext): void {
  if (!sessions.trusted)
    throw new EngramError(
      'untrusted',
      l10n.t('This workspace is in Restricted Mode: chunks can be looked at, nothing else. Trust the workspace to go on.'),
    );
}

export interface ChosenChunk {
  readonly session: FolderSession;
  readonly id: string;
}

/** An id becomes part of a path, so it can only ever be a plain file name. */
const CHUNK_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/** The chunk that a command was called with, or one that the person picks from those of a folder that are offered. */
export async function chooseChunk(
  context: CommandContext,
  argument: unknown,
  isOffered: (chunk: ChunkRow) => boolean = () => true,
): Promise<ChosenChunk | undefined> {
  const target = targetOf(argument);
  const session = await chooseSession(context, target);
  if (!session) return undefined;
  if (target && target.kind !== 'folder' && session.root.toString() === target.root) {
    const id = target.kind === 'chunk' ? target.id : target.chunkId;
    if (!CHUNK_ID.test(id)) throw new EngramError('not-found', l10n.t('There is no such chunk.'));
    return { session, id };
  }
  const all = session.snapshot.state?.chunks ?? [];
  if (all.length === 0) throw new EngramError('not-found', l10n.t('There are no chunks here yet.'));
  const chunks = all.filter(isOffered);
  if (chunks.length === 0) throw new EngramError('not-found', l10n.t('There is no chunk here for that.'));
  const items = chunks.map((chunk) => ({
    label: authorText(l10n.t, chunk),
    description: momentText(chunk.createdAt, { locale: env.language }),
    detail: [contentOf(l10n.t, chunk), plain(chunk.id)].filter((part) => part !== '').join(' · '),
    id: chunk.id,
  }));
  const picked = await window.showQuickPick(items, { placeHolder: l10n.t('Which chunk?'), matchOnDescription: true, matchOnDetail: true });
  return picked && { session, id: picked.id };
}

/** The memory that a command is about: a row, the document in the active editor, or one that is searched for. */
export async function chooseMemory(
  context: CommandContext,
  argument: unknown,
  search: (session: FolderSession) => Promise<string | undefined>,
): Promise<Target | undefined> {
  const target = targetOf(argument);
  if (target?.kind === 'memory') return target;
  const shown = memoryIn(context, window.activeTextEditor?.document.uri);
  if (shown) return shown;
  const session = await chooseSession(context, target);
  const id = session && (await search(session));
  return id === undefined || !session ? undefined : { kind: 'memory', root: session.root.toString(), id, chunkId: '' };
}

function memoryIn({ documents }: CommandContext, uri: Uri | undefined): Target | undefined {
  const place = uri && documents.locate(uri);
  if (place?.address.kind !== 'memory') return undefined;
  return { kind: 'memory', root: place.session.root.toString(), id: place.address.id, chunkId: '' };
}
