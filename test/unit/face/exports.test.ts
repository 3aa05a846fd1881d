import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as face from '../../../src/index.ts';
import { GO_NAMES, type GoName } from './goNames.ts';

const root = resolve(import.meta.dirname, '../../..');
const nameOf = ({ go, ours }: GoName): string => `${go}: ${ours}`;
const of = (...kinds: readonly GoName['kind'][]): readonly GoName[] => GO_NAMES.filter(({ kind }) => kinds.includes(kind));

/** What the compiler says to each proof; a proof is one line of the file. */
function complaints(): ReadonlyMap<GoName, string> {
  const folder = mkdtempSync(join(tmpdir(), 'engram-test-'));
  const head = [`import * as face from ${JSON.stringify(join(root, 'src/index.ts'))};`, 'declare function the<T>(): T;'];
  const proofs = GO_NAMES.map(({ proof }, index) => `export const proof${index} = (): unknown => ${proof};`);
  writeFileSync(join(folder, 'proofs.ts'), [...head, ...proofs, 'export const control: undefined = face;'].join('\n'));
  const compilerOptions = { types: ['node'], typeRoots: [join(root, 'node_modules/@types')] };
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: [], files: ['proofs.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  const said = new Map<GoName, string>();
  let isChecked = false;
  for (const [line, number = ''] of stdout.matchAll(/^.*proofs\.ts\((\d+),\d+\): .*$/gm)) {
    const place = Number(number) - head.length - 1;
    const row = GO_NAMES[place];
    if (place === proofs.length) isChecked = true;
    else if (row) said.set(row, `${said.get(row) ?? ''}${line}\n`);
    else throw new Error(line);
  }
  // Without this an error of the compiler itself would look like success.
  if (!isChecked) throw new Error(`tsc did not find the mistake that is there:\n${stdout}`);
  return said;
}

describe('the exports, against everything that the Go package exports', () => {
  let said: ReadonlyMap<GoName, string>;

  beforeAll(() => {
    said = complaints();
  });

  it('is a list of all of it', () => {
    expect(of('constant')).toHaveLength(11);
    expect(of('error')).toHaveLength(1);
    expect(of('function')).toHaveLength(5);
    expect(of('type')).toHaveLength(14);
    expect(of('constructor').map(({ go }) => go)).toEqual([
      'NewFileTransport',
      'New',
      'NewLocal',
      'NewWithTransport',
      'NewCloudWithTransport',
    ]);
    expect(of('field')).toHaveLength(39);
    expect(of('method')).toHaveLength(13);
    expect(new Set(GO_NAMES.map(({ go }) => go)).size).toBe(GO_NAMES.length);
  });

  it('has everything, with its type', () => {
    expect(GO_NAMES.filter((row) => said.has(row)).map((row) => said.get(row))).toEqual([]);
  });

  it('has the values at run time, too', () => {
    const values = of('function', 'error', 'constructor', 'helper');
    const valueAt = (path: string): unknown => path.split('.').reduce<unknown>((value, key) => Reflect.get(Object(value), key), face);
    expect(values.filter(({ ours }) => typeof valueAt(ours) !== 'function').map(nameOf)).toEqual([]);
  });

  it('stands in docs/api.md, row by row and export by export', () => {
    const words = new Set(readFileSync(join(root, 'docs/api.md'), 'utf8').match(/[A-Za-z_]\w*/g));
    const unnamed = (text: string): string[] => (text.match(/[A-Za-z_]\w*/g) ?? []).filter((word) => !words.has(word));
    expect(GO_NAMES.filter(({ go, ours }) => unnamed(`${go} ${ours}`).length > 0).map(nameOf)).toEqual([]);
    const index = readFileSync(join(root, 'src/index.ts'), 'utf8').replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
    const exported = [...index.matchAll(/\{([^}]*)\}/g)].flatMap(([, list = '']) =>
      list.split(',').map((one) => one.trim().split(' ').at(-1) ?? ''),
    );
    expect(exported.filter((name) => name !== '' && !words.has(name))).toEqual([]);
  });
});
