import { ConfigurationTarget, type Uri, type WorkspaceConfiguration, workspace } from 'vscode';
import type { CloudOptions } from '../engine/cloud/cloudState.ts';
import { type DatabaseChoice, DEFAULT_LIMITS, type FolderLimits } from '../engine/folderRequests.ts';
import type { AutoImport } from './folderLoop.ts';

export const SETTINGS_SECTION = 'engram';

/** All settings of the extension, as they hold for one folder. */
export interface Settings {
  readonly autoImport: AutoImport;
  /** `''`: as the engine finds it. */
  readonly author: string;
  readonly includePersonal: boolean;
  readonly limits: FolderLimits;
  readonly cloud: CloudOptions;
  /** Where a person was not asked about a folder. */
  readonly database: DatabaseChoice;
  /** Whether that is a person's own word, so that nobody needs to be asked. */
  readonly isDatabaseSet: boolean;
  /** Path of the Engram program; `''`: in the folders of PATH. */
  readonly programPath: string;
}

const MEGABYTE = 1024 * 1024;

/** Read at use: a change needs no reload. A value of the wrong type counts as not set. */
export function readSettings(root: Uri): Settings {
  const settings = workspace.getConfiguration(SETTINGS_SECTION, root);
  const autoImport = settings.get<unknown>('autoImport');
  const database = personal(settings, 'database');
  return {
    autoImport: autoImport === 'ask' || autoImport === 'off' ? autoImport : 'on',
    author: text(personal(settings, 'author')),
    includePersonal: personal(settings, 'includePersonal') === true,
    database: database === 'live' || database === 'auto' ? database : 'workspace',
    isDatabaseSet: settings.inspect<unknown>('database')?.globalValue !== undefined,
    programPath: text(personal(settings, 'programPath')),
    limits: {
      maxChunkBytes: bytes(personal(settings, 'maxChunkMegabytes'), DEFAULT_LIMITS.maxChunkBytes),
      maxManifestBytes: bytes(personal(settings, 'maxManifestMegabytes'), DEFAULT_LIMITS.maxManifestBytes),
    },
    cloud: {
      server: text(personal(settings, 'cloud.server')),
      project: text(settings.get<unknown>('cloud.project')),
      autosync: personal(settings, 'cloud.automatic') === true,
    },
  };
}

/** What holds for the whole window: a workspace can set neither. */
export function readCloudSettings(): { readonly server: string; readonly automatic: boolean } {
  const settings = workspace.getConfiguration(SETTINGS_SECTION);
  return { server: text(personal(settings, 'cloud.server')), automatic: personal(settings, 'cloud.automatic') === true };
}

/** Into the settings of the person on this machine. */
export async function writeCloudServer(server: string): Promise<void> {
  await workspace.getConfiguration(SETTINGS_SECTION).update('cloud.server', server, ConfigurationTarget.Global);
}

/** Into the settings of the person on the machine where the extension runs. */
export async function writeProgramPath(path: string): Promise<void> {
  await workspace.getConfiguration(SETTINGS_SECTION).update('programPath', path, ConfigurationTarget.Global);
}

/** What the person has set. A workspace may not say what leaves, under which name, or how much is read. */
function personal(settings: WorkspaceConfiguration, key: string): unknown {
  const found = settings.inspect<unknown>(key);
  return found?.globalValue ?? found?.defaultValue;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

function bytes(megabytes: unknown, otherwise: number): number {
  return typeof megabytes === 'number' && megabytes > 0 ? Math.round(megabytes * MEGABYTE) : otherwise;
}
