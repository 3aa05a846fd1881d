import type { ExportPlan } from './exportPlan.ts';
import type { RowVersion } from './versions.ts';

type Rows = Pick<ExportPlan, 'observations' | 'prompts' | 'edits' | 'deletes'>;

/**
 * A row that stands in the tables twice leaves once, as the later version of it: v1.14 would insert both, and no identity has two mutations
 * in a chunk. A Go program that imports a chunk while another one does makes such rows.
 */
export function latestOfEach({ observations, prompts, edits, deletes }: Rows): Rows {
  const live = [...observations, ...prompts, ...edits].map(({ version }) => version);
  const latest = new Map<string, RowVersion>();
  for (const version of [...live, ...deletes]) {
    const other = latest.get(nameOf(version));
    if (!other || version.order > other.order) latest.set(nameOf(version), version);
  }
  const isLatest = (version: RowVersion): boolean => latest.get(nameOf(version)) === version;
  return {
    observations: observations.filter(({ version }) => isLatest(version)),
    prompts: prompts.filter(({ version }) => isLatest(version)),
    edits: edits.filter(({ version }) => isLatest(version)),
    deletes: deletes.filter(isLatest),
  };
}

function nameOf({ entity, key }: RowVersion): string {
  return `${entity} ${key}`;
}
