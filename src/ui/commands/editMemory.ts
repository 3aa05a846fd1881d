import { l10n, window } from 'vscode';
import type { MemoryDetail, MemoryPatch } from '../../engine/folderRequests.ts';
import type { FolderSession } from '../../host/session.ts';
import { titleProblem } from '../memoryInput.ts';
import { plain } from '../plainText.ts';
import { chooseMemory, chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { typeStep } from './memoryType.ts';
import { pickMemory } from './searchMemories.ts';
import { askChoice, askText } from './steps.ts';

/** `engram.editMemory`: the content opens in an editor of its own and is saved like a file; title and type are typed. */
export async function editMemory(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const target = await chooseMemory(context, argument, (session) => pickMemory(session, context));
  const session = target && (await chooseSession(context, target));
  if (!session) return;
  const memory = await session.requests.memory(target.id);
  const part = await choosePart(memory);
  if (part === 'content') await context.editor.open(session, memory);
  else if (part) await editPart(session, memory, part);
}

async function choosePart(memory: MemoryDetail): Promise<'title' | 'type' | 'content' | undefined> {
  const items = [
    { label: l10n.t('Content'), description: l10n.t('opens in an editor; save it like a file'), part: 'content' as const },
    { label: l10n.t('Title'), description: plain(memory.title), part: 'title' as const },
    { label: l10n.t('Type'), description: plain(memory.type), part: 'type' as const },
  ];
  return (await window.showQuickPick(items, { placeHolder: l10n.t('What do you want to change?') }))?.part;
}

async function editPart({ requests }: FolderSession, memory: MemoryDetail, part: 'title' | 'type'): Promise<void> {
  const frame = { title: l10n.t('Edit Memory'), step: 1, totalSteps: 1 };
  const answer =
    part === 'type'
      ? await askChoice(typeStep(frame, memory.type))
      : await askText({
          ...frame,
          value: memory.title,
          prompt: '',
          placeholder: l10n.t('Title'),
          problem: (value) => titleProblem(l10n.t, value),
        });
  if (answer === undefined || answer === 'back') return;
  const patch: MemoryPatch = part === 'type' ? { type: answer.value } : { title: answer.value };
  const saved = await requests.edit(memory.syncId, patch);
  window.setStatusBarMessage(l10n.t('Engram: “{0}” updated', plain(saved.title, 40)), 5_000);
}
