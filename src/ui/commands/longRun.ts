import { ProgressLocation, window } from 'vscode';
import type { CallContext, Progress } from '../../engine/folderRequests.ts';
import { signalOf } from '../signals.ts';

/** From here on a person may wonder, or change their mind. */
const LONG_MS = 5_000;

/**
 * Runs a request with progress in the view; one that takes long also gets a notification with a Cancel button. After a cancel the promise
 * rejects with `cancelled`, which the command boundary keeps quiet about.
 */
export async function longRun<T>(
  title: string,
  task: (context: CallContext) => Promise<T>,
  viewId: 'engram.chunks' | 'engram.cloud' = 'engram.chunks',
): Promise<T> {
  const controller = new AbortController();
  let report: ((progress: Progress) => void) | undefined;
  const running = task({ signal: controller.signal, onProgress: (progress) => report?.(progress) });
  const timer = setTimeout(() => {
    void window.withProgress({ location: ProgressLocation.Notification, title, cancellable: true }, async (progress, token) => {
      const cancel = signalOf(token);
      cancel.signal.addEventListener('abort', () => controller.abort());
      let last = 0;
      report = ({ done, total }) => {
        const percent = total > 0 ? (done / total) * 100 : 0;
        progress.report({ message: total > 0 ? `${done}/${total}` : '', increment: Math.max(0, percent - last) });
        last = Math.max(last, percent);
      };
      await Promise.allSettled([running]);
      cancel.dispose();
    });
  }, LONG_MS);
  try {
    return await window.withProgress({ location: { viewId } }, () => running);
  } finally {
    clearTimeout(timer);
  }
}
