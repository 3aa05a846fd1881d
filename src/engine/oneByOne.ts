/** Runs tasks one after another in the order of the calls; one that fails does not hold up the next. */
export function oneByOne(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(task: () => Promise<T>): Promise<T> => {
    const run = last.then(task);
    last = run.catch(() => undefined); // whoever called gets the failure
    return run;
  };
}
