import { env, l10n, window } from 'vscode';
import type { CommandContext } from './commandContext.ts';

/** `engram.copyDiagnostics`: versions, counts and error codes for a report; no memory text, no paths. */
export async function copyDiagnostics({ sessions }: CommandContext): Promise<void> {
  await env.clipboard.writeText(await sessions.diagnostics());
  window.setStatusBarMessage(l10n.t('Engram: diagnostics copied'), 5_000);
}

/** `engram.showLog`. */
export async function showLog({ log }: CommandContext): Promise<void> {
  log.show();
}
