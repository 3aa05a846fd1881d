import { mergeManifestFiles } from './folder/mergeManifests.ts';

/**
 * What git's merge driver runs, alone in a file that is copied into the repository's own folder: base, ours, theirs, result. Anything but
 * a written result and exit code 0 makes the caller fall back to git's own merge of texts.
 */
const [base = '', ours = '', theirs = '', result = ''] = process.argv.slice(2);
try {
  mergeManifestFiles({ base, ours, theirs, result });
} catch (error) {
  process.stderr.write(`Engram: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
