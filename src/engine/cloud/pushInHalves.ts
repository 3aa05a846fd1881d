import { EngramError } from '../errors.ts';
import { HttpStatusError } from './httpStatusError.ts';

export interface SplitOutcome<T> {
  /** In order; the server has confirmed these. */
  readonly sent: readonly T[];
  /** What the server refuses even alone, with its reason. */
  readonly refused: readonly { readonly item: T; readonly error: EngramError }[];
  /** Why the rest was not tried, such as 401, a paused project or no connection; `undefined`: everything was tried. */
  readonly stoppedBy: EngramError | undefined;
}

/**
 * Sends a batch; where the server refuses it for its size or for something in it, its halves, down to single items. So one item that
 * cannot be stored costs itself and about `2 * log2(n)` requests more, and the order of the others stays.
 *
 * @param send resolves when the server has confirmed all of the part
 */
export async function pushInHalves<T>(items: readonly T[], send: (part: readonly T[]) => Promise<void>): Promise<SplitOutcome<T>> {
  const sent: T[] = [];
  const refused: { item: T; error: EngramError }[] = [];
  const waiting: (readonly T[])[] = items.length === 0 ? [] : [items];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    try {
      await send(part);
      sent.push(...part);
    } catch (error) {
      if (!EngramError.is(error)) throw error;
      if (!isAboutContent(error)) return { sent, refused, stoppedBy: error };
      const [first] = part;
      const half = Math.ceil(part.length / 2);
      if (part.length > 1) waiting.push(part.slice(half), part.slice(0, half));
      else if (first !== undefined) refused.push({ item: first, error });
    }
  }
  return { sent, refused, stoppedBy: undefined };
}

/** Whether fewer items may pass where these did not; also what cannot even be written as JSON. */
function isAboutContent(error: EngramError): boolean {
  return error instanceof HttpStatusError ? error.isContentRefusal : error.code === 'chunk-corrupt';
}
