import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './paths.ts';

/** esbuild's account of the shipped bundles (`dist/meta.json`), the parts that are read. Paths are relative to the repository. */
export interface Metafile {
  readonly inputs: Readonly<Record<string, { readonly imports: readonly { readonly path: string; readonly external?: boolean }[] }>>;
  readonly outputs: Readonly<
    Record<string, { readonly bytes: number; readonly imports: readonly { readonly path: string; readonly external?: boolean }[] }>
  >;
}

export function readMetafile(): Metafile {
  return JSON.parse(readFileSync(path.join(root, 'dist/meta.json'), 'utf8')) as Metafile;
}

/** Inside sql.js, in its WASM, and therefore in no list of packages. */
const insideSqlJs = `SQLite (in sql-wasm.wasm)
The authors of SQLite disclaim copyright: it is in the public domain. https://sqlite.org/copyright.html

Emscripten runtime (in sql.js)
Copyright (c) 2010-2014 Emscripten authors. Used under the MIT licence: https://github.com/emscripten-core/emscripten/blob/main/LICENSE`;

/** The licences of every package in the bundles, in the order of their names. Throws for a package without a licence text. */
export function noticesText(): string {
  const notices = bundledPackages(readMetafile()).map(noticeOf);
  return `${['This extension contains the following software.', ...notices, insideSqlJs].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

function bundledPackages({ inputs }: Metafile): string[] {
  const names = Object.keys(inputs).map((input) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1]);
  return [...new Set(names)].filter((name) => name !== undefined).sort();
}

function noticeOf(name: string): string {
  const folder = path.join(root, 'node_modules', name);
  const { version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string; license: string };
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${name} has no licence file`);
  return `${name} ${version} (${license})\n\n${readFileSync(path.join(folder, file), 'utf8').trim()}`;
}
