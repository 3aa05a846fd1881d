import { l10n } from 'vscode';
import { offeredTypes } from '../memoryInput.ts';
import type { PickStep, StepFrame } from './steps.ts';

/** The step that asks for a memory's type: one of the known, or any word. */
export function typeStep(frame: StepFrame, value: string): PickStep {
  return {
    ...frame,
    value,
    placeholder: l10n.t('What kind of memory is it? Choose one or type your own word'),
    offer: (typed) => offeredTypes(typed).map((label) => ({ label, alwaysShow: true })),
  };
}
