import type { CloudStore } from '../cloud/cloudPorts.ts';
import { EngramError } from '../errors.ts';
import { goQuote, goTrim, normalizeProject } from '../goText.ts';
import type { MemoryStore } from '../ports.ts';
import type { Int, SyncMutation } from '../records.ts';
import { keyOf, type LegacyPayload, type LegacyRules, legacyRules, readLegacyPayload, writeLegacyPayload } from './legacyPayloads.ts';

/** A journal row that the cloud would refuse as it stands. */
export interface LegacyFinding {
  readonly seq: Int;
  readonly entity: string;
  readonly entityKey: string;
  readonly op: string;
  /** In the Go program's words; may quote the row's key: hostile text. */
  readonly message: string;
  /** The payload with what was missing; `undefined` where nothing here can complete it. */
  readonly repaired?: string;
}

export interface LegacyReport {
  readonly repairable: readonly LegacyFinding[];
  readonly blocked: readonly LegacyFinding[];
}

export interface LegacyParts {
  readonly cloud: CloudStore;
  readonly store: MemoryStore;
}

const PAGE = 1000;

/**
 * The journal rows of a project that wait to be sent and that the cloud would refuse, by `seq` (Go `store.DiagnoseCloudUpgradeLegacyMutations`).
 * A row whose fields can be had from its key or from the stored row is repairable; so is, unlike there, a session of which nobody knows the
 * directory, and a relation is no stranger.
 *
 * @param project normalised
 */
export function diagnoseLegacyMutations(parts: LegacyParts, project: string): LegacyReport {
  const repairable: LegacyFinding[] = [];
  const blocked: LegacyFinding[] = [];
  for (const row of pendingRows(parts.cloud)) {
    if (projectOf(row, parts.store) !== project) continue;
    const finding = evaluate(row, project, parts.store);
    if (finding) (finding.repaired === undefined ? blocked : repairable).push(finding);
  }
  return { repairable, blocked };
}

/** Rewrites the payloads of what is repairable. */
export function applyLegacyRepairs(cloud: CloudStore, { repairable }: LegacyReport): void {
  for (const { seq, repaired } of repairable) if (repaired !== undefined) cloud.replacePayload(seq, repaired);
}

export function blockedMessage({ message, seq, entity, op }: LegacyFinding): string {
  return `manual-action-required: ${message} (seq=${seq} entity=${entity} op=${op})`;
}

function* pendingRows(cloud: CloudStore): Iterable<SyncMutation> {
  for (let page = cloud.pendingMutations(0, PAGE); page.length > 0; ) {
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    page = cloud.pendingMutations(last.seq, PAGE);
  }
}

/** Rows from before the column was there have none; opening the database fills it in the Go program. */
function projectOf(row: SyncMutation, store: MemoryStore): string {
  if (row.project !== '') return row.project;
  const payload = decoded(goTrim(row.entity), row);
  if (payload === undefined) return '';
  const session = store.session(textOf(payload, 'sessionId') || textOf(payload, 'id'));
  return normalizeProject(textOf(payload, 'project') || (session?.project ?? '')).normalized;
}

function decoded(entity: string, { payload }: SyncMutation): LegacyPayload | undefined {
  try {
    return readLegacyPayload(entity, goTrim(payload));
  } catch (error) {
    if (EngramError.is(error)) return undefined;
    throw error;
  }
}

function evaluate(row: SyncMutation, project: string, store: MemoryStore): LegacyFinding | undefined {
  const { seq } = row;
  const [entity, op, entityKey] = [goTrim(row.entity), goTrim(row.op), goTrim(row.entityKey)];
  const found = (outcome: { readonly message: string; readonly repaired?: string } | undefined): LegacyFinding | undefined =>
    outcome && { seq, entity, entityKey, op, ...outcome };
  const rules = legacyRules(entity);
  const text = goTrim(row.payload);
  if (text === '') return found({ message: 'legacy mutation payload is empty' });
  if (!rules?.ops.includes(op)) return found({ message: `unsupported legacy mutation ${goQuote(entity)}/${goQuote(op)}` });
  try {
    const payload = readLegacyPayload(entity, text);
    return found(examine({ entity, op, entityKey, payload, rules, project, store }));
  } catch (error) {
    if (EngramError.is(error)) return found({ message: `decode ${entity} payload: ${error.message}` });
    throw error;
  }
}

interface Examined {
  readonly entity: string;
  readonly op: string;
  readonly entityKey: string;
  readonly payload: LegacyPayload;
  readonly rules: LegacyRules;
  readonly project: string;
  readonly store: MemoryStore;
}

function examine(of: Examined): { readonly message: string; readonly repaired?: string } | undefined {
  const { entity, entityKey, payload, rules } = of;
  const identity = keyOf(rules, rules.identity);
  const named = goTrim(textOf(payload, rules.identity));
  const key = named || entityKey;
  if (key === '') return { message: `${entity} payload ${identity} is required` };
  if (entityKey !== '' && entityKey !== key) {
    return { message: `${entity} entity_key ${goQuote(entityKey)} does not match payload ${identity} ${goQuote(key)}` };
  }
  const missing = of.op === 'upsert' ? rules.required.filter((property) => goTrim(textOf(payload, property)) === '') : [];
  const filled = { ...payload, [rules.identity]: named === '' ? key : payload[rules.identity], ...stored(of, key, missing) };
  const lost = missing.filter((property) => goTrim(textOf(filled, property)) === '');
  if (lost.length > 0)
    return { message: `${entity} payload missing required upsert fields: ${lost.map((property) => keyOf(rules, property)).join(', ')}` };
  if (named !== '' && missing.length === 0) return undefined;
  return { message: rules.message, repaired: writeLegacyPayload(rules, filled) };
}

/** What is missing, from the stored row. */
function stored({ entity, rules, payload, project, store }: Examined, key: string, missing: readonly string[]): LegacyPayload {
  const row = rules.row(store, key);
  // The Go program can only ask a person here, and there is nothing that a person could do.
  const otherwise = entity === 'session' ? textOf(payload, 'project') || project || '(unknown)' : '';
  const values = missing.map((property) => {
    const value = row?.get(keyOf(rules, property));
    return [property, typeof value === 'string' && goTrim(value) !== '' ? value : otherwise] as const;
  });
  return Object.fromEntries(values);
}

function textOf(payload: LegacyPayload, property: string): string {
  const value = payload[property];
  return typeof value === 'string' ? value : '';
}
