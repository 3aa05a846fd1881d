import type { EngramError } from '../errors.ts';
import { HttpStatusError } from './httpStatusError.ts';
import { isTransientError } from './retry.ts';

/** Source: spec of the cloud mode, reason codes of `sync_state`, of the mutation transport and of the upgrade. */
export type CloudReason =
  | 'auth_required'
  | 'policy_forbidden'
  | 'paused'
  | 'server_unsupported'
  | 'cloud_config_error'
  | 'blocked_unenrolled'
  | 'upgrade_repairable_payload_too_large'
  | 'upgrade_repairable_payload_invalid'
  | 'upgrade_repairable_chunk_conflict'
  | 'upgrade_blocked_project_required'
  | 'upgrade_blocked_internal'
  | 'transport_failed';

export interface CloudFailure {
  readonly reason: CloudReason;
  /** What happened, what is safe and what to do next. English. */
  readonly sentence: string;
  /** It may pass by itself a little later. */
  readonly isTransient: boolean;
  /** When the server asks for a pause. */
  readonly retryAfterMs: number | undefined;
}

const SERVER_REASONS: ReadonlySet<string> = new Set([
  'upgrade_repairable_payload_invalid',
  'upgrade_repairable_chunk_conflict',
  'upgrade_blocked_project_required',
  'upgrade_blocked_internal',
]);
const STAYS = 'Nothing is lost: what was not confirmed stays pending.';

/** What an error of a cloud server means. The server's own words are part of some sentences: hostile text, to be shown as plain text. */
export function cloudFailure(error: EngramError): CloudFailure {
  const refusal = error instanceof HttpStatusError ? error : undefined;
  const reason = reasonOf(error, refusal);
  return {
    reason,
    sentence: refusal ? sentenceOf(reason, refusal) : error.message,
    isTransient: isTransientError(error),
    retryAfterMs: refusal?.retryAfterMs,
  };
}

function reasonOf(error: EngramError, refusal: HttpStatusError | undefined): CloudReason {
  if (error.code === 'cloud-config') return 'cloud_config_error';
  if (error.code === 'cloud-unenrolled') return 'blocked_unenrolled';
  if (!refusal) return 'transport_failed';
  if (refusal.isAuthFailure) return 'auth_required';
  if (refusal.isPolicyFailure) return 'policy_forbidden';
  if (refusal.isPaused) return 'paused';
  if (refusal.isUnsupported) return 'server_unsupported';
  if (refusal.isTooLarge) return 'upgrade_repairable_payload_too_large';
  return isServerReason(refusal.errorCode) ? refusal.errorCode : 'transport_failed';
}

function isServerReason(code: string): code is CloudReason {
  return SERVER_REASONS.has(code);
}

function sentenceOf(reason: CloudReason, { status, body }: HttpStatusError): string {
  const said = body === '' ? '' : ` It says: ${body.replaceAll(/\s+/g, ' ').slice(0, 200).trim()}`;
  switch (reason) {
    case 'auth_required':
      return `The cloud server does not accept the token. ${STAYS} Enter the token again.`;
    case 'policy_forbidden':
      return `The cloud server does not take this project. ${STAYS} Ask whoever runs the server to allow it.`;
    case 'paused':
      return `Sync of this project is paused on the cloud server. ${STAYS} It goes on when the server’s owner resumes it.`;
    case 'server_unsupported':
      return `The cloud server does not know this request. ${STAYS} Check its address, or update the server.`;
    case 'upgrade_repairable_payload_too_large':
      return `The cloud server refuses this as too large. It stays here and pending; shorten it, then sync again.`;
    case 'upgrade_repairable_payload_invalid':
    case 'upgrade_blocked_project_required':
      return `The cloud server cannot take this. It stays here and pending; run the cloud diagnosis.${said}`;
    case 'upgrade_repairable_chunk_conflict':
      return `The cloud server has another chunk under this name. ${STAYS} Run the cloud diagnosis.`;
    default:
      return status === 429
        ? `The cloud server is asked too often. ${STAYS} Sync again later.`
        : `The cloud server answered with status ${status}. ${STAYS} Sync again later, or ask whoever runs the server.${said}`;
  }
}
