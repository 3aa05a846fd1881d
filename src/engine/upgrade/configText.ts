import type { UpgradeSnapshot } from '../cloud/cloudPorts.ts';

/** Where the server's address is configured: the text of the Go program's `cloud.json`. */
export interface CloudConfigFile {
  /** `undefined` where there is none. */
  read(): Promise<string | undefined>;
  /** @param text `undefined` takes the file away */
  write(text: string | undefined): Promise<void>;
}

const TOKEN = /("token"\s*:\s*")(?:[^"\\]|\\.)*"/g;

/** What is configured now; without a file nobody knows. A token is never copied into the database: the text is kept with an empty one. */
export async function captureConfig(file: CloudConfigFile | undefined): Promise<Omit<UpgradeSnapshot, 'projectEnrolled'>> {
  if (file === undefined) return { cloudConfigPresent: false, cloudConfigJson: '', configUnknown: true };
  const text = await file.read();
  return { cloudConfigPresent: text !== undefined, cloudConfigJson: withoutToken(text ?? '') };
}

/**
 * Configures again what was configured then. A file that says the same is left as it is, its token included; one that says something else
 * is replaced, and its token, which was for another server, does not stay.
 */
export async function restoreConfig(file: CloudConfigFile | undefined, snapshot: UpgradeSnapshot): Promise<void> {
  if (file === undefined || snapshot.configUnknown) return;
  const { cloudConfigPresent, cloudConfigJson } = snapshot;
  const now = await file.read();
  const isSame = cloudConfigPresent ? now !== undefined && withoutToken(now) === cloudConfigJson : now === undefined;
  if (!isSame) await file.write(cloudConfigPresent ? cloudConfigJson : undefined);
}

function withoutToken(text: string): string {
  return text.replaceAll(TOKEN, '$1"');
}
