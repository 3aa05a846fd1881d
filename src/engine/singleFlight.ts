/**
 * Wraps a task so that at most one run is under way and at most one more waits.
 * Calls made during a run share the waiting one, so a burst of file events costs two runs, and a
 * change that arrives mid-run is never missed. Reference: the same idea guards `git status` in VS Code's git extension.
 */
export function singleFlight<T>(task: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let waiting: Promise<T> | undefined;

  const start = (): Promise<T> => {
    running = task().finally(() => {
      running = undefined;
    });
    return running;
  };

  return () => {
    if (!running) return start();
    waiting ??= running.then(nothing, nothing).then(() => {
      waiting = undefined;
      return start();
    });
    return waiting;
  };
}

/** Whether the run before failed is the business of those who asked for it. */
const nothing = () => undefined;
