/** Waits until the probe neither throws nor answers `false`, and gives its answer; the limit is what the journey demands. */
export async function eventually<T>(what: string, probe: () => T | Promise<T>, limitMs = 10_000): Promise<Exclude<T, false>> {
  const end = Date.now() + limitMs;
  let last: unknown = 'nothing yet';
  do {
    try {
      const answer = await probe();
      if (answer !== false) return answer as Exclude<T, false>;
      last = answer;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  } while (Date.now() < end);
  throw new Error(`Not within ${limitMs} ms: ${what} (last: ${last instanceof Error ? last.message : String(last)})`);
}
