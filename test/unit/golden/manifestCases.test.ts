import type { Outcome } from '../../support/goldenCase.ts';
import type { Difference } from '../../support/goldenExpected.ts';
import { testGoldenTable } from '../../support/goldenTable.ts';

const REASONS = {
  'empty list': 'a manifest without chunks has an empty list, never null, and counts as version 2 where there is no file',
  'unknown keys': 'unknown keys are kept: an older program must not strip what a newer one wrote',
  count: 'a count is only shown; a wrong one must not stop the folder',
  conflict: 'conflict markers are told apart from other damage: they can be healed',
} as const;

type Reason = keyof typeof REASONS;

interface Read {
  readonly ok: { readonly version: number; readonly chunks: readonly object[] | null };
  readonly rewritten: string;
  readonly summary: string;
}

const ENTRY = { id: 'a', created_by: '', created_at: '', sessions: 0, memories: 0, prompts: 0 };

/** Go writes `null` for a list that was never made. */
function emptyList(step: number, version: number): Difference<Reason> {
  const read: Read = { ok: { version, chunks: [] }, rewritten: '{\n  "version": 2,\n  "chunks": []\n}', summary: 'No chunks synced yet.' };
  return { reason: 'empty list', change: (expected) => expected.result(step, read) };
}

const WRONG_COUNT: Difference<Reason> = {
  reason: 'count',
  change: (expected) => {
    const rewritten = JSON.stringify({ version: 2, chunks: [ENTRY] }, undefined, 2);
    const read: Read = {
      ok: { version: 1, chunks: [ENTRY] },
      rewritten,
      summary: '1 chunks, 0 memories, 0 sessions — contributors:  (1 chunks)',
    };
    return expected.result(1, read);
  },
};

testGoldenTable({
  file: 'manifest.json',
  reasons: REASONS,
  differences: {
    missing: emptyList(0, 2),
    'empty-object': emptyList(1, 0),
    null: emptyList(1, 0),
    'chunks-null': emptyList(1, 1),
    'unknown-keys': {
      reason: 'unknown keys',
      change: (expected) => {
        const read = expected.outcome.results[1] as Read;
        const rewritten = read.rewritten
          .replace('"prompts": 0\n', '"prompts": 0,\n      "y": 2\n')
          .replace('\n  ]\n}', '\n  ],\n  "x": 1\n}');
        return expected.result(1, { ...read, rewritten });
      },
    },
    'string-count': WRONG_COUNT,
    'float-count': WRONG_COUNT,
    conflict: { reason: 'conflict', change: (expected) => expected.result(1, { error: 'manifest-conflict' }) },
  },
  asOurs,
});

/** The answer of the Go program in our words: version 2 or newer is written, and an error is a code. */
function asOurs(outcome: Outcome): Outcome {
  return {
    ...outcome,
    results: outcome.results.map((result) => (result === null ? null : inOurWords(result as Partial<Read> & { error?: string }))),
  };
}

function inOurWords({ error, ...read }: Partial<Read> & { error?: string }): object {
  if (error !== undefined) return { error: error.startsWith('parse manifest:') ? 'manifest-invalid' : 'not-regular-file' };
  const written = read.rewritten?.replace(/"version": (-?\d+)/, (_all, version) => `"version": ${Math.max(2, Number(version))}`);
  return { ...read, rewritten: written };
}
