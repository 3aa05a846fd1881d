import { type ExtensionContext, type LogOutputChannel, Uri, window } from 'vscode';
import { CloudAccess } from './host/cloudAccess.ts';
import { CloudConsents } from './host/cloudConsents.ts';
import { cloudHttp } from './host/cloudHttp.ts';
import { CloudTokens } from './host/cloudTokens.ts';
import { keepFolderName } from './host/keepFolder.ts';
import { MemoryChoices } from './host/memoryChoices.ts';
import { readCloudSettings } from './host/settings.ts';
import { WindowSessions } from './host/windowSessions.ts';
import { WorkerClient } from './host/workerClient.ts';
import { startWorkerThread } from './host/workerThread.ts';
import { registerUi } from './ui/registerUi.ts';

/** The editor calls `deactivate` without any argument, so what it has to wait for can stand nowhere else. */
let running: { readonly sessions: WindowSessions; readonly client: WorkerClient } | undefined;

/** Registers and returns: what takes time begins after it, the worker with the first `.engram`. */
export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel('Engram', { log: true });
  const tokens = new CloudTokens(context.secrets);
  const access = new CloudAccess({ server: () => readCloudSettings().server, tokens, http: cloudHttp });
  const client = new WorkerClient({
    start: (start, events) => startWorkerThread(context.asAbsolutePath('dist/worker.js'), start, events),
    wasmPath: context.asAbsolutePath('dist/sql-wasm.wasm'),
    http: access,
    log: logTo(log),
  });
  const storage = context.storageUri ?? context.globalStorageUri;
  const sessions = new WindowSessions({
    client,
    log: logTo(log),
    keepFolder: (root) => Uri.joinPath(storage, keepFolderName(root)).fsPath,
    memoryChoices: new MemoryChoices(context.workspaceState),
    consents: new CloudConsents(context.workspaceState),
    sessionId: `vscode-${crypto.randomUUID()}`,
    version: String(context.extension.packageJSON.version),
    platform: `${process.platform} ${process.arch}`,
    access,
    tokens,
    onDidChangeSecrets: context.secrets.onDidChange,
  });
  running = { sessions, client };
  const ui = registerUi(sessions, { extensionUri: context.extensionUri, log, workspaceState: context.workspaceState });
  context.subscriptions.push(log, sessions, ui);
  sessions.start();
}

/** The promise of the last database write: automatic imports stop at their next safe point, what a person asked for is finished. */
export function deactivate(): Promise<void> | undefined {
  running?.sessions.dispose();
  return running?.client.dispose();
}

function logTo(log: LogOutputChannel) {
  return (level: 'info' | 'debug' | 'warn' | 'error', message: string): void => log[level](message);
}
