import { existsSync, readFileSync } from 'node:fs';
import { goldenPath } from '../golden.ts';

/** One step of a golden case (format: `golden/README.md`). */
export type GoldenStep =
  | { readonly op: 'sql'; readonly db: string; readonly sql: readonly string[] }
  | { readonly op: 'export'; readonly db: string; readonly dir: string; readonly by: string; readonly project: string }
  | { readonly op: 'status'; readonly db: string; readonly dir: string }
  /** `ids`: named by a person; no golden case has them. */
  | { readonly op: 'import'; readonly db: string; readonly dir: string; readonly ids?: readonly string[] }
  /** What a person does about a damaged manifest; no golden case has it. */
  | { readonly op: 'heal'; readonly db: string; readonly dir: string }
  | { readonly op: 'readManifest'; readonly dir: string }
  | { readonly op: 'write'; readonly dir: string; readonly path: string; readonly text?: string; readonly base64?: string }
  | GoldenPut;

export interface GoldenPut {
  readonly op: 'put';
  readonly dir: string;
  readonly json: string;
  readonly id?: string;
  readonly file?: false;
  readonly entry?: false;
  readonly by?: string;
  readonly created_at?: string;
}

/** A text that is no valid UTF-8 is its bytes in hex. */
export type Cell = null | number | bigint | string | { readonly hex: string };
export type Row = Readonly<Record<string, Cell>>;
/** Tables without rows are left out. */
export type Tables = Readonly<Record<string, readonly Row[]>>;
/** Chunks as their JSON, other files as their text. */
export type Files = Readonly<Record<string, string>>;

/** Stands for a chunk that cannot be unpacked. */
export const UNREADABLE = '(unreadable)';

/** What a case ends in: one result per step that has one, all rows of each database, all files of each folder. */
export interface Outcome {
  readonly results: readonly unknown[];
  readonly databases: Readonly<Record<string, Tables>>;
  readonly folders: Readonly<Record<string, Files>>;
}

export const RELEASES = ['v1.14.0', 'v1.16.1'] as const;
export type Release = (typeof RELEASES)[number];

export interface GoldenCase {
  readonly name: string;
  readonly why: string;
  readonly steps: readonly GoldenStep[];
  readonly outcomes: Readonly<Record<Release, Outcome>>;
}

interface RawOutcome {
  readonly results: readonly unknown[];
  readonly after: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface RawCase extends Omit<GoldenCase, 'outcomes'> {
  readonly 'v1.14.0': RawOutcome;
  readonly 'v1.16.1': RawOutcome | 'same';
}

/** The cases of a file of `golden/local/`; none, and one printed line, where the golden data is absent. */
export function goldenCases(file: 'import.json' | 'export.json' | 'manifest.json'): readonly GoldenCase[] {
  const path = goldenPath('local', file);
  if (!existsSync(path)) {
    console.log(`golden/local/${file} not found, skipped`);
    return [];
  }
  return (parseExact(readFileSync(path, 'utf8')) as readonly RawCase[]).map(caseOf);
}

/** As `JSON.parse`, but a whole number that a JavaScript number cannot hold is a bigint. */
function parseExact(text: string): unknown {
  const exact = (_key: string, value: unknown, { source }: { readonly source?: string } = {}): unknown =>
    typeof value === 'number' && source !== undefined && /^-?\d+$/.test(source) && !Number.isSafeInteger(value) ? BigInt(source) : value;
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
}

function caseOf(raw: RawCase): GoldenCase {
  const first = outcomeOf(raw['v1.14.0']);
  const second = raw['v1.16.1'];
  return { ...raw, outcomes: { 'v1.14.0': first, 'v1.16.1': second === 'same' ? first : outcomeOf(second) } };
}

function outcomeOf({ results, after }: RawOutcome): Outcome {
  const named = (prefix: string) =>
    Object.entries(after).flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : []));
  return {
    results,
    databases: Object.fromEntries(named('db:')) as Record<string, Tables>,
    folders: Object.fromEntries(named('dir:').map(([name, files]) => [name, filesOf(files)])),
  };
}

function filesOf(files: Readonly<Record<string, unknown>>): Files {
  const texts = Object.entries(files).map(([name, content]) => [name, textOf(content)] as const);
  return Object.fromEntries(texts);
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  const { json } = content as { readonly json?: string };
  return json ?? UNREADABLE;
}
