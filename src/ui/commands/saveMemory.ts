import { l10n, window } from 'vscode';
import { contentProblem, MEMORY_TYPES, suggestedTitle, titleProblem } from '../memoryInput.ts';
import { plain } from '../plainText.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { typeStep } from './memoryType.ts';
import { type Answer, askChoice, askText, walk } from './steps.ts';

interface Draft {
  title: string;
  type: string;
  content: string;
}

/** `engram.saveMemory`: title, type, content. Selected text is the content as it stands, with all its lines. */
export async function saveMemory(context: CommandContext): Promise<void> {
  mustBeTrusted(context);
  const selection = selectedText();
  const session = await chooseSession(context, undefined);
  if (!session) return;
  const draft: Draft = { title: suggestedTitle(selection), type: MEMORY_TYPES[0], content: selection };
  if (!(await fillIn(draft, selection !== ''))) return;
  const saved = await session.requests.save(draft);
  window.setStatusBarMessage(savedText(saved.outcome, plain(saved.title, 40)), 5_000);
}

function fillIn(draft: Draft, hasContent: boolean): Promise<boolean> {
  const frame = { title: l10n.t('Save Memory'), totalSteps: hasContent ? 2 : 3 };
  const title = async () => {
    const prompt = hasContent ? l10n.t('The selected text is the content') : l10n.t('In a few words');
    const placeholder = l10n.t('Title');
    const answer = await askText({
      ...frame,
      step: 1,
      value: draft.title,
      prompt,
      placeholder,
      problem: (value) => titleProblem(l10n.t, value),
    });
    return take(answer, (value) => (draft.title = value));
  };
  const type = async () => take(await askChoice(typeStep({ ...frame, step: 2 }, draft.type)), (value) => (draft.type = value));
  const content = async () => {
    const prompt = l10n.t('To save several lines, select them in an editor first');
    const placeholder = l10n.t('What should the team remember?');
    const answer = await askText({
      ...frame,
      step: 3,
      value: draft.content,
      prompt,
      placeholder,
      problem: (value) => contentProblem(l10n.t, value),
    });
    return take(answer, (value) => (draft.content = value));
  };
  return walk(hasContent ? [title, type] : [title, type, content]);
}

export function take<Value>(answer: Answer<Value>, keep: (value: Value) => void): 'next' | 'back' | 'leave' {
  if (answer === undefined) return 'leave';
  if (answer === 'back') return 'back';
  keep(answer.value);
  return 'next';
}

function selectedText(): string {
  const editor = window.activeTextEditor;
  return editor && !editor.selection.isEmpty ? editor.document.getText(editor.selection) : '';
}

function savedText(outcome: string, title: string): string {
  if (outcome === 'repeated') return l10n.t('Engram: “{0}” was saved a moment ago', title);
  return outcome === 'updated' ? l10n.t('Engram: “{0}” updated', title) : l10n.t('Engram: “{0}” saved', title);
}
