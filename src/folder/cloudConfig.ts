import { chmod, mkdir, stat, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { writeFileAtomically } from '../adapters/atomicFile.ts';
import { systemCode, translateFsError } from '../adapters/fsErrors.ts';
import { readRegularFile } from '../adapters/regularFile.ts';
import { EngramError } from '../engine/errors.ts';
import { getFold, isJsonObject, parseGoJson, stringifyGoIndented } from '../engine/goJson.ts';
import { goTrim } from '../engine/goText.ts';
import { decodeUtf8 } from '../engine/goUtf8.ts';
import type { JsonValue } from '../engine/records.ts';
import type { CloudConfigFile } from '../engine/upgrade/configText.ts';

/** What the Engram program has configured. Its token is looked at only to say that there is one. */
export interface CloudConfig {
  readonly present: boolean;
  /** Trimmed, `''` for none. */
  readonly serverUrl: string;
  readonly hasToken: boolean;
}

const NAME = 'cloud.json';
const MAX_BYTES = 1024 * 1024;

/**
 * The folder in which the Engram program keeps what belongs to a person and not to a repository. Source: docs/formats.md, Cloud.
 *
 * @throws {EngramError} cloud-config for one that is not absolute, as the Go program refuses it
 */
export function dataDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const path = env['ENGRAM_DATA_DIR'] || join(homedir(), '.engram');
  if (isAbsolute(path)) return path;
  throw new EngramError(
    'cloud-config',
    'ENGRAM_DATA_DIR must be an absolute path. Nothing was read or written; set it right, or unset it.',
  );
}

/** `cloud.json` of the Engram program: read and written as that program does (v1.14.0 `cloud.go`). */
export class CloudJson implements CloudConfigFile {
  readonly #path: () => string;

  /** @param directory asked at use: it may not be usable, which only concerns those who need it */
  constructor(directory: () => string = dataDirectory) {
    this.#path = () => join(directory(), NAME);
  }

  /** The whole text, which may hold a token: never shown or logged. @throws {EngramError} cloud-config, not-regular-file, io-failed */
  async read(): Promise<string | undefined> {
    const bytes = await readRegularFile(this.#path(), { subject: NAME, maxBytes: MAX_BYTES, tooLarge: 'cloud-config' });
    return bytes && decodeUtf8(bytes);
  }

  /** Puts a text back, or takes the file away. @throws {EngramError} those of writing */
  async write(text: string | undefined): Promise<void> {
    if (text !== undefined) return this.#replace(text);
    try {
      await unlink(this.#path());
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw translateFsError(error, NAME);
    }
  }

  /** No file is an empty configuration. @throws {EngramError} as {@link read} */
  async settings(): Promise<CloudConfig> {
    const text = await this.read();
    if (text === undefined) return { present: false, serverUrl: '', hasToken: false };
    const fields = parsed(text);
    const [serverUrl, token] = [goTrim(textField(fields, 'server_url')), goTrim(textField(fields, 'token'))];
    return { present: true, serverUrl, hasToken: token !== '' };
  }

  /** Writes the address, and no token: whatever token stood there is gone afterwards, as with the Go program. @throws {EngramError} those of writing */
  async setServer(serverUrl: string): Promise<void> {
    const json = new Map<string, JsonValue>([
      ['server_url', serverUrl],
      ['token', ''],
    ]);
    await this.#replace(stringifyGoIndented(json));
  }

  async #replace(text: string): Promise<void> {
    const path = this.#path();
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    } catch (error) {
      throw translateFsError(error, NAME);
    }
    const isNew = !(await exists(path));
    await writeFileAtomically(path, Buffer.from(text, 'utf8'), async () => undefined);
    if (isNew) await chmod(path, (await stat(path)).mode & 0o644);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Go decodes into a struct: `null` leaves it empty, any other value that is no object is an error. */
function parsed(text: string): ReadonlyMap<string, JsonValue> {
  let json: JsonValue;
  try {
    json = parseGoJson(text);
  } catch (error) {
    throw unreadable(EngramError.is(error) ? error.message : 'it is no JSON');
  }
  if (json === null) return new Map();
  if (!isJsonObject(json)) throw unreadable('it is no JSON object');
  return json;
}

function textField(fields: ReadonlyMap<string, JsonValue>, key: string): string {
  const value = getFold(fields, key) ?? '';
  if (typeof value !== 'string') throw unreadable(`${key} is no text`);
  return value;
}

function unreadable(why: string): EngramError {
  return new EngramError(
    'cloud-config',
    `cloud.json of the Engram program cannot be read: ${why}. It was left as it is; mend or remove it.`,
    {
      subject: NAME,
    },
  );
}
