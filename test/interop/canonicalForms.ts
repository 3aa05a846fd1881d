import fc from 'fast-check';
import { expect, it } from 'vitest';
import { chunkId } from '../../src/engine/chunkCodec.ts';
import { canonicalizeForProject } from '../../src/engine/cloud/canonical.ts';
import { CanonicalError } from '../../src/engine/cloud/canonicalError.ts';
import { chunkText } from './chunkTexts.ts';
import type { CloudServer } from './cloudServer.ts';

const RUNS = Number(process.env['ENGRAM_CLOUD_RUNS'] ?? 400);
const SEED = Number(process.env['ENGRAM_CLOUD_SEED'] ?? 1);
const PREFIX = 'invalid push payload: ';
/** Checks of the server that follow the one that is compared here. */
const LATER = /^(?:chunk schema: |\w+\[\d+\](?:\.[\w.]+ is required| references missing session_id | invalid payload: )|client_created_at)/;
/** v1.14 knows no relations. Ours does, and says what is wrong with this one, or with another behind it. */
const UNKNOWN = 'unsupported mutation "relation"/"upsert"';

/** The server puts each chunk into its canonical form and says its id, or what is wrong. So does ours. */
export function canonicalForms(server: () => CloudServer): void {
  it(`makes of ${RUNS} random chunks what ours makes`, { timeout: 30_000 + RUNS * 50 }, async () => {
    const seen = { ids: 0, errors: new Set<string>(), later: 0 };
    await fc.assert(
      fc.asyncProperty(chunkText, async (text) => {
        const [theirs, ours] = [await answerOf(server(), text), ourAnswer(text)];
        if (theirs.answer.error?.endsWith(UNKNOWN)) return;
        if (theirs.later) seen.later += 1;
        else if (ours.id !== undefined) seen.ids += 1;
        else seen.errors.add(ours.error?.replaceAll(/\d+|"[^"]*"/g, '…') ?? '');
        // What fails a later check has passed this one.
        expect(theirs.later ? { ...ours, id: undefined } : ours).toEqual(theirs.answer);
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: false },
    );
    console.log(
      `interop: ${server().program.name}: ${seen.ids} equal ids, ${seen.errors.size} kinds of equal errors, ${seen.later} refused later`,
    );
    expect(seen.ids).toBeGreaterThan(RUNS / 20);
    expect(seen.errors.size).toBeGreaterThan(Math.min(20, RUNS / 20));
  });
}

interface FormAnswer {
  readonly id: string | undefined;
  readonly error: string | undefined;
}

async function answerOf(server: CloudServer, text: string): Promise<{ readonly answer: FormAnswer; readonly later: boolean }> {
  const body = `{"chunk_id":"00000000","project":"demo","created_by":"test","data":${text}}`;
  const { status, text: said } = await server.post('/sync/push', body);
  const { error = '', chunk_id } = JSON.parse(said) as { readonly error?: string; readonly chunk_id?: string };
  if (status === 200) return { answer: { id: chunk_id, error: undefined }, later: false };
  const expected = /^chunk_id does not match payload content hash \(expected (\w+)\)$/.exec(error)?.[1];
  if (expected !== undefined) return { answer: { id: expected, error: undefined }, later: false };
  const what = error.startsWith(PREFIX) ? error.slice(PREFIX.length) : error;
  if (LATER.test(what) || status === 409 || status >= 500) return { answer: { id: undefined, error: undefined }, later: true };
  return { answer: { id: undefined, error: what }, later: false };
}

function ourAnswer(text: string): FormAnswer {
  try {
    return { id: chunkId(canonicalizeForProject(Buffer.from(text), 'demo')), error: undefined };
  } catch (error) {
    if (error instanceof CanonicalError) return { id: undefined, error: error.message };
    throw error;
  }
}
