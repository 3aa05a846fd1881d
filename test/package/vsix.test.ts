import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { noticesText, readMetafile } from '../../scripts/noticesText.ts';
import { root, tool, vsix } from '../../scripts/paths.ts';

const allowed = [
  /^dist\/(extension|worker|cli|index|mergeDriver)\.js$/,
  /^dist\/sql-wasm\.wasm$/,
  /^media\//,
  /^l10n\/bundle\.l10n(\.[a-z-]+)?\.json$/,
  /^package(\.nls(\.[a-z-]+)?)?\.json$/,
  /^(README|CHANGELOG|SUPPORT)\.md$/i,
  /^LICENSE(\.(txt|md))?$/,
  /^THIRD-PARTY-NOTICES\.txt$/,
];
const required = [
  'dist/extension.js',
  'dist/worker.js',
  'dist/cli.js',
  'dist/mergeDriver.js',
  'dist/sql-wasm.wasm',
  'README.md',
  'CHANGELOG.md',
  'LICENSE',
  'THIRD-PARTY-NOTICES.txt',
];

const packed = execFileSync(tool('vsce'), ['ls', '--no-dependencies'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => statSync(path.join(root, line || '-'), { throwIfNoEntry: false })?.isFile());

it('packs what is needed', () => {
  expect(packed).toEqual(expect.arrayContaining(required));
});

it('packs nothing else', () => {
  expect(packed.filter((file) => !allowed.some((rule) => rule.test(file)))).toEqual([]);
});

it('is smaller than 1 MB', () => {
  expect(statSync(vsix).size).toBeLessThan(1_000_000);
});

it('carries the licences of everything in the bundles', () => {
  expect(readFileSync(path.join(root, 'THIRD-PARTY-NOTICES.txt'), 'utf8')).toBe(noticesText());
});

it('imports nothing that opens a connection', () => {
  const external = Object.values(readMetafile().outputs).flatMap(({ imports }) =>
    imports.filter((entry) => entry.external).map((entry) => entry.path),
  );
  expect(
    external
      .map((name) => name.replace(/^node:/, ''))
      .filter((name) => /^(https?|http2|net|tls|dgram|dns|undici|inspector)(\/|$)/.test(name)),
  ).toEqual([]);
});

const NETWORK_CALL = /\b(fetch|XMLHttpRequest|WebSocket|EventSource)\s*\(/g;

it.each(['worker', 'mergeDriver'])('calls no network function of the runtime in %s.js', (bundle) => {
  const code = readFileSync(path.join(root, `dist/${bundle}.js`), 'utf8');
  expect(code.match(NETWORK_CALL)).toBeNull();
});

it.each(['extension', 'cli', 'index'])('calls no network function in %s.js but the fetch of the cloud’s HTTP, in one place', (bundle) => {
  const code = readFileSync(path.join(root, `dist/${bundle}.js`), 'utf8');
  // The one of the runtime, and the port that it is handed over as.
  const calls = code.match(NETWORK_CALL) ?? [];
  expect(calls.filter((call) => call !== 'fetch(')).toEqual([]);
  expect(calls.length).toBeLessThanOrEqual(2);
  expect((code.match(/\bglobalThis\.fetch\b/g) ?? []).length).toBe(calls.length / 2);
});

it('names no path of the machine that built it', () => {
  const texts = packed.filter((file) => !/\.(wasm|png)$/.test(file));
  expect(texts.filter((file) => readFileSync(path.join(root, file), 'utf8').includes(root))).toEqual([]);
});
