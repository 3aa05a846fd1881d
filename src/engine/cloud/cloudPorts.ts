import type { Int, SyncMutation } from '../records.ts';

/** One HTTP exchange. Whoever sends it adds the token, and only to the origin that the token was entered for. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Absolute. */
  readonly url: string;
  /** JSON, UTF-8; absent for GET. */
  readonly body?: Uint8Array;
  /** For the whole exchange, milliseconds. */
  readonly timeoutMs: number;
  /** Of the answer's body, unpacked; a longer one is an error. */
  readonly maxBytes: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** Never follows a redirect to another origin, never throws for a status. @throws {EngramError} cloud-unreachable, cloud-answer (too long), cancelled */
export interface Http {
  send(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse>;
}

/** A row of `sync_state`. Source: docs/formats.md, Cloud. */
export interface SyncState {
  readonly targetKey: string;
  readonly lifecycle: 'idle' | 'pending' | 'running' | 'healthy' | 'degraded';
  readonly lastEnqueuedSeq: Int;
  readonly lastAckedSeq: Int;
  readonly lastPulledSeq: Int;
  readonly consecutiveFailures: number;
  /** RFC 3339, `''` for none; so are the texts below. */
  readonly backoffUntil: string;
  readonly leaseOwner: string;
  readonly leaseUntil: string;
  readonly lastError: string;
  readonly updatedAt: string;
  readonly reasonCode: string;
  readonly reasonMessage: string;
}

export type UpgradeStage =
  | 'planned'
  | 'doctor_ready'
  | 'doctor_blocked'
  | 'repair_applied'
  | 'bootstrap_enrolled'
  | 'bootstrap_pushed'
  | 'bootstrap_verified'
  | 'rolled_back';

export type UpgradeRepairClass = 'none' | 'ready' | 'repairable' | 'blocked' | 'policy';

/** What was configured before an upgrade, so that a rollback can restore it. Column `snapshot_json`. */
export interface UpgradeSnapshot {
  readonly cloudConfigPresent: boolean;
  /** The text of `cloud.json`, `''` for none. */
  readonly cloudConfigJson: string;
  readonly projectEnrolled: boolean;
  /** Nobody has looked where the server is configured: nothing is known of it, and a rollback leaves it alone. */
  readonly configUnknown?: true;
}

/** A row of `cloud_upgrade_state`. */
export interface CloudUpgradeState {
  readonly project: string;
  readonly stage: UpgradeStage;
  readonly repairClass: UpgradeRepairClass;
  /** `undefined`: the row holds `{}`. */
  readonly snapshot: UpgradeSnapshot | undefined;
  readonly lastErrorCode: string;
  readonly lastErrorMessage: string;
  /** JSON texts, `''` for none. */
  readonly findingsJson: string;
  readonly appliedActions: string;
  readonly updatedAt: string;
}

/** A new row of the journal; `seq` and times are the store's. */
export type NewMutation = Pick<SyncMutation, 'entity' | 'entityKey' | 'op' | 'payload' | 'project'>;

/**
 * The cloud's tables in the memory database: the journal of pending mutations (`sync_mutations`), enrolment, states, leases, upgrades.
 * Synchronous; throws `store-corrupt` on SQLite errors. `at` is `YYYY-MM-DD HH:MM:SS`, UTC. Names of projects are normalised by the caller.
 */
export interface CloudStore {
  transaction<T>(work: () => Promise<T>): Promise<T>;

  isEnrolled(project: string): boolean;
  enrolledProjects(): readonly string[];
  /** @returns false when it was enrolled already. */
  enroll(project: string, at: string): boolean;
  unenroll(project: string): void;

  /** Target `cloud`, not acknowledged, by `seq`, from behind `afterSeq`; those of every project, enrolled or not. */
  pendingMutations(afterSeq: Int, limit: number): readonly SyncMutation[];
  /** Appends, and marks `cloud` and `cloud:<project>` as pending. @returns the `seq`. */
  enqueue(mutation: NewMutation, at: string): Int;
  /** Exactly these. Sets `last_acked_seq` and the lifecycle as Go's `AckSyncMutationSeqs`. */
  acknowledge(seqs: readonly Int[], at: string): void;
  /** The newest journal row of an identity, acknowledged or not. */
  lastMutation(entity: string, entityKey: string): SyncMutation | undefined;
  /** Rewrites the payload of a row that is not acknowledged. */
  replacePayload(seq: Int, payload: string): void;

  /** Does not write where there is no row; `undefined` then. */
  syncState(targetKey: string): SyncState | undefined;
  markBlocked(targetKey: string, reasonCode: string, message: string, at: string): void;
  /** `degraded`/`transport_failed`, one failure more. @param until RFC 3339 */
  markFailure(targetKey: string, message: string, until: string, at: string): void;
  /** Also clears failures, backoff and reasons. */
  markHealthy(targetKey: string, at: string): void;
  markPending(targetKey: string, at: string): void;
  setPulled(targetKey: string, seq: Int, at: string): void;

  /** @returns false while another owner holds it. @param nowMs milliseconds since 1970 */
  acquireLease(targetKey: string, owner: string, ttlMs: number, nowMs: number): boolean;
  releaseLease(targetKey: string, owner: string): void;

  /** Rows of `sync_chunks` with this target, such as `cloud:demo`. */
  importedChunks(targetKey: string): ReadonlySet<string>;
  recordChunk(targetKey: string, id: string, at: string): void;

  upgradeState(project: string): CloudUpgradeState | undefined;
  saveUpgradeState(state: CloudUpgradeState): void;
}
