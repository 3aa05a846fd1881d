import type { EngramError } from './errors.ts';
import type { FolderProblem } from './folderState.ts';

/** An error as a row of the state; a waiting file is no reason to alarm anybody. */
export function problemFrom(
  error: EngramError,
  severity: FolderProblem['severity'] = error.code === 'chunk-missing' ? 'info' : 'warning',
): FolderProblem {
  return { code: error.code, severity, message: error.message, ...(error.subject !== undefined && { subject: error.subject }) };
}
