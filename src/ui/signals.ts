import type { CancellationToken, Disposable } from 'vscode';

/** VS Code's way to cancel as the engine's. Dispose it when the call has ended. */
export function signalOf(token: CancellationToken): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const listener = token.onCancellationRequested(() => controller.abort());
  if (token.isCancellationRequested) controller.abort();
  return { signal: controller.signal, dispose: () => listener.dispose() };
}
