import { commands, l10n, window } from 'vscode';
import type { CloudUpgradeReport } from '../../engine/cloud/cloudState.ts';
import type { FolderSession } from '../../host/session.ts';
import { hostOf } from '../cloudText.ts';
import { LABEL_LENGTH, plain, SENTENCE_LENGTH } from '../plainText.ts';
import { targetOf } from '../targets.ts';
import { askBeforeSharing } from './askSharing.ts';
import { chooseSession, mustBeTrusted } from './choose.ts';
import type { CommandContext } from './commandContext.ts';
import { longRun } from './longRun.ts';
import { mustBeConnected } from './syncCloud.ts';

/** `engram.diagnoseCloudUpgrade`: whether the project can go to the cloud; if not, what would make it. */
export async function diagnoseCloudUpgrade(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session) return;
  const report = await longRun(
    l10n.t('Diagnosing the upgrade'),
    (call) => session.requests.cloudUpgrade('doctor', {}, call),
    'engram.cloud',
  );
  await tell(report, session);
}

/** `engram.bootstrapCloud`: enrolls, sends everything, checks what the server has; goes on where it stopped. */
export async function bootstrapCloud(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session || !(await mustBeConnected(context, session)) || !(await askBeforeSharing(context, session))) return;
  const { project, server } = await session.requests.cloudState();
  const confirm = l10n.t('Bootstrap');
  const question = l10n.t('Bring the project “{0}” to {1}?', plain(project, LABEL_LENGTH), hostOf(server));
  const detail = l10n.t(
    'It is enrolled, its memories are sent, then what the server has is checked. Personal memories stay here. If it stops half way, the same command goes on. Until it is checked, it can be rolled back; what was sent stays on the server.',
  );
  if ((await window.showWarningMessage(question, { modal: true, detail }, confirm)) !== confirm) return;
  const report = await longRun(
    l10n.t('Bringing the project to the cloud'),
    (call) => session.requests.cloudUpgrade('bootstrap', {}, call),
    'engram.cloud',
  );
  const text = report.applied
    ? l10n.t('The project “{0}” is in the cloud, and what the server has was checked.', plain(report.project, LABEL_LENGTH))
    : l10n.t('The project “{0}” was in the cloud already. Nothing was changed.', plain(report.project, LABEL_LENGTH));
  void window.showInformationMessage(text);
}

/** `engram.rollBackCloud`: enrollment and configuration as they were before; memories and the server are not touched. */
export async function rollBackCloud(context: CommandContext, argument: unknown): Promise<void> {
  mustBeTrusted(context);
  const session = await chooseSession(context, targetOf(argument));
  if (!session) return;
  const confirm = l10n.t('Roll Back');
  const question = l10n.t('Roll the upgrade back?');
  const detail = l10n.t(
    'Enrollment and the Engram program’s cloud.json become what they were before the upgrade. No memory is changed, and what was sent stays on the server.',
  );
  if ((await window.showWarningMessage(question, { modal: true, detail }, confirm)) !== confirm) return;
  await longRun(l10n.t('Rolling the upgrade back'), (call) => session.requests.cloudUpgrade('rollback', {}, call), 'engram.cloud');
  window.setStatusBarMessage(l10n.t('Engram cloud: the upgrade is rolled back'), 5_000);
}

/** The diagnosis in one sentence, and the one thing that leads on. */
async function tell(report: CloudUpgradeReport, session: FolderSession): Promise<void> {
  const target = { kind: 'folder', root: session.root.toString() };
  const said = plain(report.message, SENTENCE_LENGTH);
  const isUnenrolled = report.reasonCode === 'upgrade_repairable_unenrolled';
  if (report.status === 'ready' || isUnenrolled) {
    const bootstrap = l10n.t('Bootstrap…');
    const project = plain(report.project, LABEL_LENGTH);
    const text = l10n.t('The project “{0}” can go to the cloud: bootstrapping enrolls it and sends everything.', project);
    if ((await window.showInformationMessage(text, bootstrap)) === bootstrap)
      await commands.executeCommand('engram.bootstrapCloud', target);
    return;
  }
  const text = l10n.t('The project “{0}” cannot go to the cloud yet: {1}.', plain(report.project, LABEL_LENGTH), said);
  if (report.class === 'repairable') return offerRepair(text, session);
  const connect = l10n.t('Connect…');
  const answer = await window.showWarningMessage(text, ...(report.reasonCode === 'cloud_config_error' ? [connect] : []));
  if (answer === connect) await commands.executeCommand('engram.connectCloud', target);
}

async function offerRepair(text: string, session: FolderSession): Promise<void> {
  const repair = l10n.t('Repair');
  if ((await window.showWarningMessage(text, repair)) !== repair) return;
  const report = await session.requests.cloudUpgrade('repair', {});
  if (report.applied) await tell(await session.requests.cloudUpgrade('doctor', {}), session);
  else void window.showWarningMessage(l10n.t('Nothing was repaired: {0}.', plain(report.message, SENTENCE_LENGTH)));
}
