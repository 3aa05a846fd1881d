import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedProgram, type ProgramRun } from '../../../src/adapters/boundedProgram.ts';
import { askTools, Lines, lastWords, type ToolAnswer } from '../../../src/adapters/engramTools.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { oddProgram, scriptProgram } from '../../support/oddProgram.ts';

/** A real program that answers as it is told to. */
function run(how: string, more: Partial<ProgramRun> = {}, file = ''): ProgramRun {
  const limits = { timeoutMs: 10_000, maxBytes: 1_000_000 };
  return { path: oddProgram(how, file), args: [], folder: temporaryFolder(), env: process.env, ...limits, ...more };
}

const ask = (how: string, more: Partial<ProgramRun> = {}, file = ''): Promise<ToolAnswer> =>
  askTools(run(how, more, file), (tool) => tool('mem_save', { content: 'x' }));

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe.skipIf(process.platform === 'win32')('askTools (needs a shell)', () => {
  it('finds the answer among other lines and however it is cut', async () => {
    expect(await ask('well')).toEqual({ text: 'läuft 🫠', isError: false, isUnknown: false });
  });

  it('tells a refusal from a tool that is not there', async () => {
    expect(await ask('refuses')).toEqual({ text: 'Failed to save: disk I/O error', isError: true, isUnknown: false });
    expect(await ask('unknown')).toEqual({ text: 'no such tool', isError: true, isUnknown: true });
  });

  it.each([
    ['garbage', { timeoutMs: 700 }, /took too long and was ended/],
    ['half', {}, /something that is no answer/],
    ['huge', {}, /far more than an answer/],
    ['early', {}, /ended early \(the database is locked\)/],
    ['hang', { timeoutMs: 700, graceMs: 100 }, /took too long/],
  ] as const)('comes to an end with a peer that answers with %s', async (how, more, message) => {
    const started = performance.now();
    await expect(ask(how, more)).rejects.toMatchObject({ code: 'program-failed', message: expect.stringMatching(message) });
    expect(performance.now() - started).toBeLessThan(8000);
  });

  it('says that nothing was changed where the program could not be started', async () => {
    const missing = ask('well', { path: join(temporaryFolder(), 'engram') });
    await expect(missing).rejects.toMatchObject({
      code: 'program-failed',
      message: expect.stringMatching(/\(ENOENT\)\. Nothing was changed/),
    });
  });

  it('ends the program with all that it started when it is cancelled', async () => {
    const file = join(temporaryFolder(), 'pid');
    const controller = new AbortController();
    const asked = ask('child', { signal: controller.signal, graceMs: 100 }, file);
    const ended = expect(asked).rejects.toMatchObject({ code: 'cancelled' });
    await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8') !== '', { timeout: 8000 }).toBe(true);
    const pid = Number(readFileSync(file, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    controller.abort();
    await ended;
    await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false);
    await expect(ask('well', { signal: controller.signal })).rejects.toMatchObject({ code: 'cancelled' });
  });
});

it.skipIf(process.platform === 'win32')('a child that left the group and writes for ever is not read for ever', async () => {
  let length = 0;
  const child = `require('node:child_process').spawn('yes', [], { stdio: ['ignore', 1, 2], detached: true }).unref(); process.exit(0)`;
  const path = scriptProgram(`exec '${process.execPath}' -e "${child}"`);
  const onOutput = (text: string): void => {
    length += text.length;
  };
  const program = new BoundedProgram({ ...run('early'), path, onOutput });
  program.close();
  await program.ended;
  const atEnd = length;
  expect(atEnd).toBeLessThan(2_000_000);
  await sleep(300);
  expect(length).toBe(atEnd);
});

it('a program that ends by itself tells its exit code and what it has written', async () => {
  const program = new BoundedProgram(run('early'));
  program.write('{"id":1}\n');
  program.close();
  expect(await program.ended).toEqual({ how: 'exited', code: 3 });
  expect(program.errors).toContain('engram: the database is locked');
});

it('lines are the same however their text is cut', () => {
  const texts = fc.array(fc.string({ unit: fc.constantFrom('{', '}', '"', 'a', ' ', '\n', '\r', 'ä', '🫠') }), { maxLength: 20 });
  fc.assert(
    fc.property(texts, (pieces) => {
      const seen: string[] = [];
      const lines = new Lines();
      lines.onLine = (line) => seen.push(line);
      for (const piece of pieces) lines.add(piece);
      const whole = pieces.join('').split('\n').slice(0, -1);
      expect(seen).toEqual(whole.map((line) => line.trim()));
    }),
  );
});

it('the reason is what the program says last, one line and cut', () => {
  expect(lastWords('')).toBe('');
  expect(lastWords('Update available\n\nengram: read manifest: bad\nmore\n')).toBe('read manifest: bad');
  expect(lastWords('note\npanic: all is lost\n\n')).toBe('panic: all is lost');
  expect(lastWords(`engram: ${'x'.repeat(999)}`)).toHaveLength(200);
});
