import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const source = path.resolve(import.meta.dirname, '../../src');

/** What a layer may import: other layers by their folder or file, packages by name. Its own folder is always allowed. */
const allowed: Readonly<Record<string, RegExp>> = {
  engine: /^(engine\/|valibot$|node:crypto$)/,
  store: /^engine\//,
  adapters: /^(engine\/|node:|sql\.js$)/,
  host: /^(vscode$|engine\/|workerMessages\.ts$|node:worker_threads$|node:path$|node:fs(\/promises)?$)/,
  ui: /^(vscode$|engine\/|host\/session\.ts$)/,
  'worker.ts': /^(engine\/|store\/|adapters\/|workerMessages\.ts$|workerServer\.ts$|openFolder\.ts$|node:)/,
  'workerServer.ts': /^(engine\/|workerMessages\.ts$|workerHttp\.ts$|openFolder\.ts$)/,
  'workerHttp.ts': /^(engine\/|workerMessages\.ts$)/,
  'cli.ts': /^(engine\/|store\/|adapters\/|folder\/|openFolder\.ts$|node:|\.\.\/package\.json$)/,
  'mergeDriver.ts': /^folder\/mergeManifests\.ts$/,
  'index.ts': /^(engine\/|store\/|adapters\/|folder\/|openFolder\.ts$)/,
  // What one open folder does, and the function that builds one: the worker, the command line and the library share it.
  folder: /^(engine\/|store\/|adapters\/|openFolder\.ts$|node:)/,
  'openFolder.ts': /^(engine|store|adapters|folder)\//,
  'workerMessages.ts': /^engine\//,
  'extension.ts': /^(vscode$|ui\/|host\/|node:path$)/,
};
/** From here only types of the engine may come: its code runs in the worker. */
const typesOnly = new Set(['host', 'ui', 'workerMessages.ts']);
/** The one piece of engine code the host needs itself: telling errors apart that crossed the boundary, defaults, and HTTP by its own `fetch`. */
const alsoInHost = /^engine\/(errors|folderRequests|singleFlight|cloud\/fetchHttp)\.ts$/;

interface Import {
  readonly from: string;
  readonly isType: boolean;
}

/** Static imports and re-exports, and `import()`. Relative ones come back relative to `src`. */
function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(source, file), 'utf8');
  const found = text.matchAll(
    /^(?:import|export)\s+(type\s)?(?:[\w*{][^'"=();]*?from\s+)?['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"]+)['"]/gm,
  );
  return [...found].map(([, type, statement, call]) => {
    const name = statement ?? call ?? '';
    const from = name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : name;
    return { from, isType: type !== undefined };
  });
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

describe('layers', () => {
  it.each(files)('%s imports only what its layer may', (file) => {
    const layer = file.split('/')[0] ?? '';
    const rule = allowed[layer];
    expect(rule, `${layer} is no layer of the design`).toBeDefined();
    const foreign = importsOf(file).filter(({ from }) => !from.startsWith(`${layer}/`));
    expect(foreign.filter(({ from }) => !rule?.test(from)).map(({ from }) => from)).toEqual([]);
    if (!typesOnly.has(layer)) return;
    const code = foreign.filter(({ from, isType }) => from.startsWith('engine/') && !isType && !alsoInHost.test(from));
    expect(code.map(({ from }) => from)).toEqual([]);
  });

  it('sees every kind of import', () => {
    expect(importsOf('workerMessages.ts')).toContainEqual({ from: 'engine/folderRequests.ts', isType: true });
  });

  it.each(['openFolder.ts', 'workerMessages.ts'])('has %s, where the layers meet', (file) => {
    expect(existsSync(path.join(source, file))).toBe(true);
  });
});
