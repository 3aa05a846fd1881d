import { env, l10n } from 'vscode';
import type { CallContext } from '../../engine/folderRequests.ts';
import type { HealthReport } from '../../engine/health.ts';
import type { FolderSession } from '../../host/session.ts';
import { momentText } from '../moments.ts';
import { type HealthDocument, healthDocument } from './healthDocument.ts';

export interface MadeReport {
  readonly report: HealthReport;
  readonly document: HealthDocument;
}

/** The last report of each folder. It is of one moment: a change of the folder does not run the doctor again, a click does. */
export class HealthReports {
  readonly #made = new Map<string, MadeReport>();

  last(session: FolderSession): MadeReport | undefined {
    return this.#made.get(session.root.toString());
  }

  /** @throws {EngramError} cancelled, untrusted, git-failed */
  async make(session: FolderSession, context: CallContext): Promise<MadeReport> {
    const report = await session.requests.doctor(context);
    const when = momentText(new Date().toISOString(), { locale: env.language });
    const made = { report, document: healthDocument(l10n.t, report, { name: session.snapshot.name, when }) };
    this.#made.set(session.root.toString(), made);
    return made;
  }

  /** The last one, or the first: a tab that was open when the window closed asks for it. */
  async lastOrFirst(session: FolderSession, context: CallContext): Promise<MadeReport> {
    return this.last(session) ?? this.make(session, context);
  }
}
