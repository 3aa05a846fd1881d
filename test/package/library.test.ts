import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { root, tool } from '../../scripts/paths.ts';

const documentation = readFileSync(path.join(root, 'docs/api.md'), 'utf8');

function block(language: string): string {
  return new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'm').exec(documentation)?.[1] ?? '';
}

/** A script's folder, with the library installed as `npm install <folder>` does it. */
function project(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'engram-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(root, path.join(folder, 'node_modules/engram-team-memory'), 'junction');
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  return folder;
}

it('runs the example of docs/api.md, which prints what it says', () => {
  const folder = project();
  writeFileSync(path.join(folder, 'example.mjs'), block('js'));
  expect(execFileSync(process.execPath, ['example.mjs'], { cwd: folder, encoding: 'utf8' })).toBe(block('text'));
});

it('runs the example of an upgrade, which goes back where nothing answers', () => {
  const folder = project();
  writeFileSync(path.join(folder, 'upgrade.mjs'), block('js upgrade'));
  const env = { ...process.env, ENGRAM_CLOUD_SERVER: 'http://127.0.0.1:9', ENGRAM_CLOUD_TOKEN: 'a-token' };
  const { stdout, stderr } = spawnSync(process.execPath, ['upgrade.mjs'], { cwd: folder, encoding: 'utf8', env });
  expect(stdout).toBe(block('text upgrade'));
  expect(stderr).toMatch(/^bootstrap first push: \S/);
  expect(stderr).not.toContain('a-token');
});

it('can be required as well', () => {
  const script = `process.stdout.write(typeof require('engram-team-memory').Syncer.local)`;
  expect(execFileSync(process.execPath, ['--input-type=commonjs', '-e', script], { cwd: project(), encoding: 'utf8' })).toBe('function');
});

it.each(['nodenext', 'bundler'])('gives the example its types, resolved as %s', (resolution) => {
  const folder = project();
  const wrong = '// @ts-expect-error: the types are there, so this is one\nstore.path = exported.observationsExported;';
  writeFileSync(path.join(folder, 'example.ts'), `${block('js')}${wrong}\n`);
  // Both are JavaScript, in which what is caught is `any`.
  writeFileSync(path.join(folder, 'upgrade.ts'), block('js upgrade'));
  const module = resolution === 'bundler' ? 'esnext' : resolution;
  const typeRoots = path.join(root, 'node_modules/@types');
  const options = [
    '--strict',
    '--useUnknownInCatchVariables',
    'false',
    '--noEmit',
    '--target',
    'es2024',
    '--types',
    'node',
    '--typeRoots',
    typeRoots,
  ];
  execFileSync(tool('tsc'), [...options, '--module', module, '--moduleResolution', resolution, 'example.ts', 'upgrade.ts'], {
    cwd: folder,
  });
});
