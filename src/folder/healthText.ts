import { type CloneAnswer, counted, type HealthFinding, type HealthItem, type HealthReport } from '../engine/health.ts';
import { visible } from '../engine/readable.ts';

/** Items of one finding that are printed; `--json` has them all. */
const PRINTED = 10;

/** A report for a terminal: the answer first, then each finding with what it is about and its fix. */
export function healthLines(report: HealthReport): string[] {
  return [answerLine(report.clone), ...report.findings.flatMap(findingLines), closingLine(report)];
}

function answerLine({ source, compared, lost, personal }: CloneAnswer): string {
  if (source === 'none') return 'Would a fresh clone restore everything? There is nothing in this database to compare with.';
  const from = { commit: 'what is committed', remote: 'what is committed and pushed', folder: 'the files of the folder (no git here)' }[
    source
  ];
  const home = personal > 0 ? ` ${counted(personal, 'personal row stays', 'personal rows stay')} here by choice.` : '';
  if (lost === 0)
    return `Would a fresh clone restore everything? Yes: all ${counted(compared, 'row', 'rows')} come back from ${from}.${home}`;
  return `Would a fresh clone restore everything? No: ${lost} of ${counted(compared, 'row', 'rows')} would not come back from ${from}.${home}`;
}

const MARKS: Readonly<Record<HealthFinding['severity'], string>> = { error: 'ERROR  ', warning: 'WARNING', info: 'note   ' };

function findingLines({ severity, code, sentence, items, more, fix }: HealthFinding): string[] {
  const hidden = Math.max(0, items.length - PRINTED) + more;
  return [
    `${MARKS[severity]} ${sentence} [${code}]`,
    ...items.slice(0, PRINTED).map((item) => `          ${itemText(item)}`),
    ...(hidden > 0 ? [`          and ${hidden} more`] : []),
    ...(fix ? [`        > ${fix.text}${fix.kind === 'repair' ? ` (doctor --fix does it: ${fix.repair})` : ''}`] : []),
  ];
}

function itemText({ kind, id, text }: HealthItem): string {
  return visible(`${kind} ${id}${text === '' ? '' : `  ${text}`}`).replaceAll(/\s+/g, ' ');
}

function closingLine({ findings, chunks }: HealthReport): string {
  const count = (severity: HealthFinding['severity']): number => findings.filter((finding) => finding.severity === severity).length;
  return `${counted(chunks, 'chunk', 'chunks')} looked at: ${counted(count('error'), 'error', 'errors')}, ${counted(count('warning'), 'warning', 'warnings')}, ${counted(count('info'), 'note', 'notes')}.`;
}
