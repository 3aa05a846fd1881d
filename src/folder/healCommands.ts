import { EngramError } from '../engine/errors.ts';
import type { MergeDriverAction } from '../engine/folderRequests.ts';
import type { FolderState, Healing, HealSummary, MergeDriverState } from '../engine/folderState.ts';
import type { MemoryFolder } from '../openFolder.ts';
import { type Answer, EXIT } from './commandAnswer.ts';
import { mergeManifestFiles } from './mergeManifests.ts';

/** `repair`: exit code 3 where chunks are listed that nobody has. */
export async function runRepair(folder: MemoryFolder): Promise<Answer> {
  const healed = await folder.heal({});
  const lines = healLines(healed);
  return {
    json: healed,
    lines: lines.length > 0 ? lines : ['Nothing to repair.'],
    exitCode: healed.notFound.length > 0 ? EXIT.incomplete : EXIT.ok,
  };
}

/** `merge-driver install|remove|status|run`; `run` is what git calls a merge driver with, in its order: base, ours, theirs. */
export async function runMergeDriver(folder: MemoryFolder, words: readonly string[]): Promise<Answer> {
  const [action = '', ...files] = words;
  if (action === 'run') return runDriver(files);
  if (!isAction(action) || files.length > 0) throw new EngramError('invalid-input', 'merge-driver takes install, remove, status or run.');
  const state = await folder.mergeDriver(action);
  return { json: { mergeDriver: state }, lines: [DRIVER_SENTENCE[state]], exitCode: state === 'broken' ? EXIT.failed : EXIT.ok };
}

function runDriver(files: readonly string[]): Answer {
  const [base, ours, theirs, ...more] = files;
  if (base === undefined || ours === undefined || theirs === undefined || more.length > 0)
    throw new EngramError('invalid-input', 'merge-driver run takes three files: base, ours, theirs. The result replaces ours.');
  mergeManifestFiles({ base, ours, theirs, result: ours });
  return { json: { merged: true }, lines: [] };
}

function isAction(word: string): word is MergeDriverAction {
  return word === 'install' || word === 'remove' || word === 'status';
}

const DRIVER_SENTENCE: Readonly<Record<MergeDriverState, string>> = {
  absent: 'The merge driver is not installed. Merges may leave conflict markers in manifest.json; repair resolves them.',
  ok: 'The merge driver is installed: git merge, rebase and cherry-pick unite manifest.json by themselves.',
  outdated: 'The merge driver is of another release. It works; install renews it.',
  broken: 'The merge driver is broken: git marks conflicts in manifest.json as text. Nothing is lost; install mends it.',
};

/** What a repair did. */
export function healLines({ written, entries, removed, restored, notFound, unmerged }: HealSummary): string[] {
  return [
    ...(written ? [`Repaired manifest.json: it lists ${entries} chunks${removed > 0 ? `, ${removed} repetitions are gone` : ''}.`] : []),
    ...(restored.length > 0 ? [`Restored from git's history: ${restored.join(', ')}.`] : []),
    ...(notFound.length > 0
      ? [`Not in git's history either: ${notFound.join(', ')}. They stay listed; ask their authors for the files.`]
      : []),
    ...(unmerged ? ['Git still calls manifest.json unmerged. Resolve by: git add .engram/manifest.json'] : []),
  ];
}

/** What is wrong and what a repair would do, for `status`. */
export function healingLines({ healing, mergeDriver, git }: FolderState): string[] {
  return [
    ...(healing ? [`To repair:       ${healingSentence(healing)}`] : []),
    ...(!healing && git.unmerged
      ? ['Repaired, but git still calls manifest.json unmerged. Resolve by: git add .engram/manifest.json']
      : []),
    ...(mergeDriver === 'broken' ? [DRIVER_SENTENCE.broken] : []),
  ];
}

function healingSentence({ kinds, entries, unlisted, duplicates, missing, torn }: Healing): string {
  const parts: Readonly<Record<(typeof kinds)[number], string>> = {
    conflict: `a conflict in manifest.json (repair lists the chunks of both sides, ${entries} in all)`,
    damaged: `manifest.json cannot be read (repair writes it anew with ${entries} chunks)`,
    lost: `manifest.json is gone (repair writes it anew with ${entries} chunks)`,
    unlisted: `${unlisted} chunks that no entry names (repair lists them again)`,
    duplicates: `${duplicates} entries that are there twice (repair removes them)`,
    missing: `${missing} chunks without a file (repair looks for them in git's history)`,
    torn: `${torn} chunks that cannot be read (repair looks for their files in git's history)`,
  };
  return kinds.map((kind) => parts[kind]).join('; ');
}
