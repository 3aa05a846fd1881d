import type { ExportPlan } from './exportPlan.ts';

/** What the next export would write, for the question before the first one. Texts are hostile. */
export interface ExportPreview {
  /** Only its memories would leave; `''`: those of all projects. */
  readonly project: string;
  readonly memories: number;
  readonly prompts: number;
  readonly relations: number;
  /** Of what the team has already. */
  readonly edits: number;
  readonly deletes: number;
  /** Personal memories that stay here. */
  readonly personal: number;
  /** New memories and prompts; the greatest count first. A prompt's type is `prompt`. */
  readonly byProject: readonly NamedCount[];
  readonly byType: readonly NamedCount[];
  /** As whose they would be shared: the rows of a database do not say who wrote them. */
  readonly byAuthor: readonly NamedCount[];
}

export interface NamedCount {
  readonly name: string;
  readonly count: number;
}

/** @param by who exports, and the project that the plan is of */
export function previewOf(plan: ExportPlan, by: { readonly author: string; readonly project: string }): ExportPreview {
  const rows = [...plan.observations, ...plan.prompts];
  return {
    project: by.project,
    memories: plan.observations.length,
    prompts: plan.prompts.length,
    relations: plan.relations.length,
    edits: plan.edits.length,
    deletes: plan.deletes.length,
    personal: plan.personal,
    byProject: counted(rows.map(({ record }) => record.project ?? '')),
    byType: counted([...plan.observations.map(({ record }) => record.type), ...plan.prompts.map(() => 'prompt')]),
    byAuthor: rows.length === 0 ? [] : [{ name: by.author, count: rows.length }],
  };
}

function counted(names: readonly string[]): NamedCount[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}
