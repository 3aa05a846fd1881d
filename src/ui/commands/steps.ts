import { Disposable, type InputBox, QuickInputButtons, type QuickPick, type QuickPickItem, window } from 'vscode';

/** `undefined`: the person changed their mind. `'back'`: they want the step before again. */
export type Answer<Value> = { readonly value: Value } | 'back' | undefined;

export interface StepFrame {
  readonly title: string;
  readonly step: number;
  readonly totalSteps: number;
}

export interface InputStep extends StepFrame {
  readonly value: string;
  readonly prompt: string;
  readonly placeholder: string;
  /** What is typed is not shown. */
  readonly isSecret?: true;
  readonly problem: (value: string) => string | undefined;
}

/** One line of text, checked as it is typed; it stays open when another window gets the focus. */
export function askText(step: InputStep): Promise<Answer<string>> {
  const input = window.createInputBox();
  input.prompt = step.prompt;
  input.placeholder = step.placeholder;
  input.value = step.value;
  input.password = step.isSecret ?? false;
  let isTouched = false;
  const check = (): boolean => {
    const problem = isTouched ? step.problem(input.value) : undefined;
    input.validationMessage = problem;
    return problem === undefined;
  };
  return ask(input, step, {
    listen: () =>
      input.onDidChangeValue(() => {
        isTouched = true;
        check();
      }),
    accepted: () => {
      isTouched = true;
      return check() ? { value: input.value } : undefined;
    },
  });
}

export interface PickStep extends StepFrame {
  readonly value: string;
  readonly placeholder: string;
  /** What to offer for what was typed. */
  readonly offer: (typed: string) => readonly QuickPickItem[];
}

/** One of a list that follows what is typed. @returns the label of the item. */
export function askChoice(step: PickStep): Promise<Answer<string>> {
  const pick = window.createQuickPick();
  const show = (typed: string): void => {
    pick.items = step.offer(typed);
  };
  pick.placeholder = step.placeholder;
  show('');
  pick.activeItems = pick.items.filter(({ label }) => label === step.value);
  return ask(pick, step, {
    listen: () => pick.onDidChangeValue(show),
    accepted: () => {
      const [item] = pick.activeItems.length > 0 ? pick.activeItems : pick.items;
      return item && { value: item.label };
    },
  });
}

interface Hooks<Value> {
  readonly listen: () => Disposable;
  /** `undefined`: not yet, the input stays open. */
  readonly accepted: () => { readonly value: Value } | undefined;
}

function ask<Value>(input: InputBox | QuickPick<QuickPickItem>, frame: StepFrame, hooks: Hooks<Value>): Promise<Answer<Value>> {
  input.title = frame.title;
  input.step = frame.step;
  input.totalSteps = frame.totalSteps;
  input.ignoreFocusOut = true;
  input.buttons = frame.step > 1 ? [QuickInputButtons.Back] : [];
  return new Promise((resolve) => {
    const finish = (answer: Answer<Value>): void => {
      resolve(answer);
      listeners.dispose();
      input.dispose();
    };
    const listeners = Disposable.from(
      hooks.listen(),
      input.onDidAccept(() => {
        const answer = hooks.accepted();
        if (answer) finish(answer);
      }),
      input.onDidTriggerButton(() => finish('back')),
      input.onDidHide(() => finish(undefined)),
    );
    input.show();
  });
}

/** Walks through steps in order, back and forth. @returns false when the person left before the end. */
export async function walk(steps: readonly (() => Promise<'next' | 'back' | 'leave'>)[]): Promise<boolean> {
  let index = 0;
  while (index < steps.length) {
    const outcome = (await steps[index]?.()) ?? 'leave';
    if (outcome === 'leave') return false;
    index = Math.max(0, index + (outcome === 'next' ? 1 : -1));
  }
  return true;
}
