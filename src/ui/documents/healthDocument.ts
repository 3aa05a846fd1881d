import type { CloneAnswer, HealthFinding, HealthItem, HealthReport } from '../../engine/health.ts';
import { plain } from '../plainText.ts';
import type { Translate } from '../translate.ts';
import { inertText } from './addresses.ts';
import { findingHeadline, fixTitle } from './healthWords.ts';

/** Where a report's text runs a command. Kept beside the text, so that no title of others can be one. */
export interface ReportAction {
  /** UTF-16 offsets. */
  readonly start: number;
  readonly end: number;
  readonly command: string;
}

export interface HealthDocument {
  readonly text: string;
  readonly actions: readonly ReportAction[];
}

/** A report as a document to read: the answer, then every finding with what it is about and what can be done. */
export function healthDocument(t: Translate, report: HealthReport, of: { readonly name: string; readonly when: string }): HealthDocument {
  const page = new ReportPage();
  page.line(`# ${t('Memory health: {0}', inert(of.name))}`);
  page.line(`${t('Looked at {0} chunks, {1}', report.chunks, of.when)} · `, { label: t('Check again'), command: 'engram.checkHealth' });
  page.line(`\n## ${t('Would a fresh clone restore everything?')}\n`);
  page.line(answer(t, report.clone));
  page.line(`\n## ${summary(t, report.findings)}`);
  for (const finding of report.findings) addFinding(t, page, finding);
  return page.document();
}

function answer(t: Translate, { source, compared, lost, personal }: CloneAnswer): string {
  const sentences = {
    none: () => t('There is nothing in this database to compare with.'),
    commit: () =>
      lost === 0
        ? t('Yes. What is committed was imported into an empty database: all {0} rows come back.', compared)
        : t('No. What is committed was imported into an empty database: {0} of {1} rows would not come back.', lost, compared),
    remote: () =>
      lost === 0
        ? t('Yes. What is committed and pushed was imported into an empty database: all {0} rows come back.', compared)
        : t('No. What is committed and pushed was imported into an empty database: {0} of {1} rows would not come back.', lost, compared),
    folder: () =>
      lost === 0
        ? t('Yes. There is no git here, so the files were imported into an empty database: all {0} rows come back.', compared)
        : t(
            'No. There is no git here, so the files were imported into an empty database: {0} of {1} rows would not come back.',
            lost,
            compared,
          ),
  };
  const home = personal > 0 ? ` ${t('{0} personal rows stay here by choice and are not counted.', personal)}` : '';
  return sentences[source]() + home;
}

function summary(t: Translate, findings: readonly HealthFinding[]): string {
  const count = (severity: HealthFinding['severity']): number => findings.filter((finding) => finding.severity === severity).length;
  if (findings.length === 0) return t('Nothing else was found');
  const [errors, warnings, notes] = [count('error'), count('warning'), count('info')];
  const parts = [
    errors > 0 && (errors === 1 ? t('1 error') : t('{0} errors', errors)),
    warnings > 0 && (warnings === 1 ? t('1 warning') : t('{0} warnings', warnings)),
    notes > 0 && (notes === 1 ? t('1 note') : t('{0} notes', notes)),
  ];
  return parts.filter((part) => part !== false).join(', ');
}

function addFinding(t: Translate, page: ReportPage, finding: HealthFinding): void {
  const { severity, code, sentence, items, more, fix } = finding;
  const marks = { error: () => t('Error'), warning: () => t('Warning'), info: () => t('Note') };
  page.line(`\n### ${marks[severity]()}: ${findingHeadline(t, code)}\n`);
  page.line(sentence);
  if (fix) {
    const label = fix.kind === 'command' ? fixTitle(t, fix.command) : t('Fix…');
    const command = fix.kind === 'command' ? fix.command : 'engram.fixHealth';
    page.line(`→ ${fix.text}${fix.kind === 'words' ? '' : ' · '}`, fix.kind === 'words' ? undefined : { label, command });
  }
  if (items.length > 0) page.line('');
  for (const item of items) page.line(`- ${itemText(t, item)}`);
  if (more > 0) page.line(`- ${t('and {0} more', more)}`);
}

function itemText(t: Translate, { kind, id, text }: HealthItem): string {
  const words = kind === 'session' ? t('Session of {0}', inert(text) || '?') : inert(text);
  const isLinked = kind === 'chunk' || kind === 'memory' || kind === 'session';
  const place = isLinked && id !== '' ? `<engram:${kind}/${encodeURIComponent(id.toWellFormed())}>` : inert(id);
  return words === '' ? place : `${words} ${place}`;
}

/** Text of others makes no link of ours and no `file:` link of VS Code's. */
function inert(text: string): string {
  return inertText(plain(text).replaceAll('<', '‹').replaceAll('>', '›'));
}

class ReportPage {
  #text = '';
  readonly #actions: ReportAction[] = [];

  line(text: string, action?: { readonly label: string; readonly command: string }): void {
    this.#text += text;
    if (action) {
      const start = this.#text.length;
      this.#text += action.label;
      this.#actions.push({ start, end: this.#text.length, command: action.command });
    }
    this.#text += '\n';
  }

  document(): HealthDocument {
    return { text: this.#text, actions: this.#actions };
  }
}
