// Bundles everything into `dist`. `node esbuild.mjs`: as shipped. `--dev`: readable, with source maps, rebuilt on change with `--watch`.
import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import esbuild from 'esbuild';

const isDev = process.argv.includes('--dev') || process.argv.includes('--watch');

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node22',
  outdir: 'dist',
  logLevel: 'warning',
  minify: !isDev,
  sourcemap: isDev ? 'linked' : false,
  legalComments: 'none',
  metafile: true,
};

/** sql.js carries a browser's way to load its WASM; here it gets the bytes. What speaks to a cloud server says `globalThis.fetch`. */
const offline = { define: { fetch: 'undefined', XMLHttpRequest: 'undefined' } };

/** @type {import('esbuild').BuildOptions[]} */
const bundles = [
  { ...common, entryPoints: ['src/extension.ts'], external: ['vscode'] },
  { ...common, ...offline, entryPoints: ['src/worker.ts', 'src/index.ts', 'src/mergeDriver.ts'] },
  { ...common, ...offline, entryPoints: ['src/cli.ts'], banner: { js: '#!/usr/bin/env node' } },
];

/** Loaded by the extension host of the tests; mocha finds its own files only from node_modules. */
/** @type {import('esbuild').BuildOptions} */
const hostSuite = {
  ...common,
  entryPoints: ['test/host/index.ts'],
  outdir: 'dist/test',
  external: ['vscode', 'mocha'],
  minify: false,
  sourcemap: 'inline',
};

const { resolve } = createRequire(import.meta.url);

await rm('dist', { recursive: true, force: true });
await mkdir('dist', { recursive: true });
await copyFile(resolve('sql.js/dist/sql-wasm.wasm'), 'dist/sql-wasm.wasm');
if (process.argv.includes('--watch')) {
  const contexts = await Promise.all([...bundles, hostSuite].map((options) => esbuild.context(options)));
  await Promise.all(contexts.map((context) => context.watch()));
} else {
  const results = await Promise.all(bundles.map((options) => esbuild.build(options)));
  await esbuild.build(hostSuite);
  await chmod('dist/cli.js', 0o755);
  // The types of `dist/index.js`, for scripts; they are not packed into the extension.
  const tsc = join(dirname(resolve('typescript/package.json')), 'bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.types.json'], { stdio: 'inherit' });
  await writeFile('dist/meta.json', JSON.stringify(merged(results.map((result) => result.metafile))));
}

/** One metafile of all that is shipped, for the tests of size, licences and network access. */
function merged(metafiles) {
  return {
    inputs: Object.assign({}, ...metafiles.map((file) => file?.inputs)),
    outputs: Object.assign({}, ...metafiles.map((file) => file?.outputs)),
  };
}
