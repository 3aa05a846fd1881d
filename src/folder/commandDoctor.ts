import { type HealthRepair, type HealthReport, isHealthy, type RepairSummary } from '../engine/health.ts';
import type { MemoryFolder } from '../openFolder.ts';
import { type Answer, EXIT, type Values } from './commandAnswer.ts';
import { healthLines } from './healthText.ts';

/** `doctor`, with `--fix` after mending what is ours to mend; the report is of the state afterwards. */
export async function runDoctor(folder: MemoryFolder, values: Values): Promise<Answer> {
  const before = await folder.doctor();
  const wanted = repairsIn(before);
  if (values['fix'] !== true || wanted.length === 0) return answer(before, undefined);
  const repaired = await folder.repairHealth(wanted);
  return answer(await folder.doctor(), repaired);
}

/** The repairs that a report's findings name, each once. */
function repairsIn({ findings }: HealthReport): HealthRepair[] {
  return [...new Set(findings.flatMap(({ fix }) => (fix?.kind === 'repair' ? [fix.repair] : [])))];
}

function answer(report: HealthReport, repaired: RepairSummary | undefined): Answer {
  const healthy = isHealthy(report);
  const done = repaired && repaired.done.length > 0 ? [`Mended: ${repaired.done.join(', ')}. Commit .engram to share it.`] : [];
  return {
    json: { healthy, ...report, ...(repaired && { repaired }) },
    lines: [...done, ...healthLines(report)],
    exitCode: healthy ? EXIT.ok : EXIT.incomplete,
  };
}
