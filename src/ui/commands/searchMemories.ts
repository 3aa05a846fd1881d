import { Disposable, env, l10n, type QuickPick, type QuickPickItem, window } from 'vscode';
import { EngramError } from '../../engine/errors.ts';
import type { SearchHit } from '../../engine/folderRequests.ts';
import type { FolderSession } from '../../host/session.ts';
import { momentText } from '../moments.ts';
import { plain, SENTENCE_LENGTH } from '../plainText.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';

const DEBOUNCE_MS = 150;

/** `engram.searchMemories`: results as you type; the chosen one opens. */
export async function searchMemories(context: CommandContext): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, undefined);
  const id = session && (await pickMemory(session, context));
  if (session && id !== undefined) await context.documents.open(session, { kind: 'memory', id });
}

interface HitItem extends QuickPickItem {
  /** `undefined`: a sentence, not a result. */
  readonly id: string | undefined;
}

/** One quick pick over a folder's memories. @returns the `sync_id`, `undefined` when the person changed their mind. */
export function pickMemory(session: FolderSession, { log }: Pick<CommandContext, 'log'>): Promise<string | undefined> {
  const pick = window.createQuickPick<HitItem>();
  pick.placeholder = l10n.t('Search memories by words, topic or type');
  const search = new SearchAsYouType(session, pick, (error) => log.error(error instanceof Error ? error : String(error), 'searching'));
  return new Promise((resolve) => {
    const finish = (id: string | undefined): void => {
      resolve(id);
      listeners.dispose();
      search.dispose();
      pick.dispose();
    };
    const listeners = Disposable.from(
      pick.onDidChangeValue((value) => search.type(value)),
      pick.onDidAccept(() => {
        const id = pick.activeItems[0]?.id;
        if (id !== undefined) finish(id);
      }),
      pick.onDidHide(() => finish(undefined)),
    );
    pick.show();
  });
}

class SearchAsYouType implements Disposable {
  readonly #session: FolderSession;
  readonly #pick: QuickPick<HitItem>;
  readonly #fail: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: AbortController | undefined;

  constructor(session: FolderSession, pick: QuickPick<HitItem>, fail: (error: unknown) => void) {
    this.#session = session;
    this.#pick = pick;
    this.#fail = fail;
  }

  type(query: string): void {
    this.dispose();
    this.#pick.busy = query.trim() !== '';
    if (query.trim() === '') this.#pick.items = [];
    else this.#timer = setTimeout(() => void this.#search(query), DEBOUNCE_MS);
  }

  /** Answers to an older query are dropped. */
  async #search(query: string): Promise<void> {
    const controller = new AbortController();
    this.#running = controller;
    try {
      const hits = await this.#session.requests.search(query, {}, { signal: controller.signal });
      if (!controller.signal.aborted)
        this.#pick.items = hits.length > 0 ? hits.map(hitItem) : [sentenceItem(l10n.t('No memory has these words'))];
    } catch (error) {
      if (controller.signal.aborted) return;
      if (!EngramError.is(error)) this.#fail(error);
      const sentence = EngramError.is(error) ? error.message : l10n.t('Engram could not finish. The log has details.');
      this.#pick.items = [sentenceItem(plain(sentence, SENTENCE_LENGTH))];
    } finally {
      if (this.#running === controller) this.#pick.busy = false;
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.#running = undefined;
  }
}

/** Every item is always shown: the engine has decided what matches, the quick pick's own filter knows only labels. */
function hitItem({ syncId, title, type, createdAt, snippet }: SearchHit): HitItem {
  const description = [plain(type, 40), momentText(createdAt, { locale: env.language })].filter((part) => part !== '').join(' · ');
  return { id: syncId, label: plain(title) || l10n.t('Untitled'), description, detail: plain(snippet, 200), alwaysShow: true };
}

function sentenceItem(label: string): HitItem {
  return { id: undefined, label, alwaysShow: true };
}
