import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCommandLine } from '../../../src/folder/commandLine.ts';
import { temporaryFolder, WASM_PATH } from '../../support/folder.ts';
import { TeamServer } from '../../support/teamServer.ts';

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A member at the command line: a repository, a data directory of their own, an environment. */
function member(env: NodeJS.ProcessEnv = {}) {
  const folder = temporaryFolder();
  const data = path.join(folder, 'data');
  mkdirSync(path.join(folder, 'demo', '.engram'), { recursive: true });
  const run = async (...args: string[]): Promise<Run> => {
    const [out, err]: [string[], string[]] = [[], []];
    const code = await runCommandLine(args, {
      wasmPath: WASM_PATH,
      version: '0',
      cwd: path.join(folder, 'demo'),
      env: { ENGRAM_DATA_DIR: data, ENGRAM_CLOUD_TOKEN: 'fake-token', ...env },
      out: (line) => out.push(line),
      err: (line) => err.push(line),
    });
    return { code, out: out.join('\n'), err: err.join('\n') };
  };
  const json = async (...args: string[]): Promise<{ code: number; value: Record<string, unknown> }> => {
    const { code, out } = await run(...args, '--json');
    return { code, value: JSON.parse(out) as Record<string, unknown> };
  };
  const must = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await run(...args);
    expect(err).toBe('');
    expect(code).toBe(0);
    return out;
  };
  const save = (title: string) => must('save', '--title', title, '--content', `About ${title}`, '--project', 'demo');
  return { run, json, must, save, config: path.join(data, 'cloud.json') };
}

async function server(): Promise<TeamServer> {
  const started = await TeamServer.start();
  onTestFinished(() => started.close());
  return started;
}

/** Two members of one project, both enrolled. */
async function team() {
  const cloud = await server();
  const [alice, bob] = [member({ ENGRAM_CLOUD_SERVER: cloud.url }), member({ ENGRAM_CLOUD_SERVER: cloud.url })];
  for (const one of [alice, bob]) {
    await one.must('init');
    await one.must('cloud', 'enroll', 'demo');
  }
  return { cloud, alice, bob };
}

describe('the cloud at the command line', () => {
  it('asks no server before one is configured and the project is enrolled', async () => {
    const cloud = await server();
    const alice = member();
    await alice.must('init');
    await alice.save('Prices are integers');
    expect(await alice.json('cloud', 'status')).toMatchObject({ code: 0, value: { server: '', enrolled: false, source: '', token: true } });
    expect((await alice.run('cloud', 'sync')).err).toMatch(/No cloud server is configured, so nothing was sent.*\[cloud-config\]/);
    await alice.must('cloud', 'config', '--server', cloud.url);
    expect(await alice.must('cloud', 'status')).toMatch(/Project: {4}demo \(not enrolled\)/);
    const refused = await alice.run('cloud', 'sync');
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('[cloud-unenrolled]') });
    expect(cloud.asked).toEqual([]);
  });

  it('takes a memory, an edit and a deletion from one member to another', async () => {
    const { alice, bob, cloud } = await team();
    await alice.save('Prices are integers');
    await alice.save('Local tests need TZ');
    expect(await alice.json('cloud', 'status')).toMatchObject({ code: 0, value: { toSend: expect.any(Number), asked: { toFetch: 0 } } });
    expect(await alice.json('cloud', 'sync', '--created-by', 'alice')).toMatchObject({ code: 0, value: { exported: { memories: 2 } } });
    expect(cloud.chunks('demo').map(({ created_by }) => created_by)).toEqual(['alice']);
    expect(await bob.must('cloud', 'status')).toMatch(/To fetch: {3}1 chunks/);
    expect(await bob.json('cloud', 'sync')).toMatchObject({ code: 0, value: { imported: { memories: 2 }, exported: { chunkIds: [] } } });
    expect(await bob.must('cloud', 'status')).toMatch(/To send: {4}0\nTo fetch: {3}0 chunks\nLast state: healthy/);

    const [hit] = (await bob.json('search', 'integers')).value as unknown as { syncId: string }[];
    await bob.must('edit', hit?.syncId ?? '', '--title', 'Prices are integers in cents');
    expect(await bob.must('cloud', 'sync')).toMatch(/Sent [0-9a-f]{8}/);
    expect(await alice.must('cloud', 'sync')).toMatch(/1 changed/);
    await alice.must('delete', hit?.syncId ?? '');
    await alice.must('cloud', 'sync');
    expect(await bob.must('cloud', 'sync')).toMatch(/1 deleted/);
    expect(await bob.must('search', 'integers')).toBe('Nothing found.');
    const quiet = cloud.chunks('demo').length;
    for (const one of [alice, bob, alice]) await one.must('cloud', 'sync');
    expect(cloud.chunks('demo')).toHaveLength(quiet);
  });

  it('keeps personal memories here unless it is asked to send them', async () => {
    const { alice } = await team();
    await alice.must('save', '--title', 'Mine', '--content', 'Only mine', '--project', 'demo', '--scope', 'personal');
    expect(await alice.json('cloud', 'sync')).toMatchObject({ value: { exported: { memories: 0, personal: 1 } } });
    expect(await alice.json('cloud', 'sync', '--include-personal')).toMatchObject({ value: { exported: { memories: 1 } } });
  });

  it('says what a refusal means, notes it, loses nothing, and shows no token', async () => {
    const { alice, cloud } = await team();
    await alice.save('Prices are integers');
    const refusals: readonly [(server: TeamServer) => unknown, string, string][] = [
      [(server) => (server.token = 'another'), 'auth_required', 'does not accept the token'],
      [(server) => (server.allowed = []), 'policy_forbidden', 'does not take this project'],
      [(server) => (server.paused = true), 'paused', 'is paused on the cloud server'],
      [(server) => (server.broken = 404), 'transport_failed', 'Nothing is lost'],
    ];
    for (const [breaks, reasonCode, sentence] of refusals) {
      breaks(cloud);
      const failed = await alice.run('cloud', 'sync');
      expect(failed).toMatchObject({ code: 1, err: expect.stringContaining(sentence) });
      expect(failed.err).not.toContain('fake-token');
      expect(await alice.json('cloud', 'status')).toMatchObject({ value: { toSend: 1, sync: { reasonCode } } });
      Object.assign(cloud, { token: 'fake-token', allowed: ['demo'], paused: false, broken: undefined });
    }
    expect(await alice.must('cloud', 'sync')).toMatch(/Sent [0-9a-f]{8}: 1 memories/);
    expect(await alice.json('cloud', 'status')).toMatchObject({ value: { toSend: 0, sync: { lifecycle: 'healthy', reasonCode: '' } } });
  });

  it('sends the token of the environment and never one of the file', async () => {
    const cloud = await server();
    const alice = member({ ENGRAM_CLOUD_TOKEN: ' ' });
    await alice.must('init');
    await alice.must('cloud', 'enroll', 'demo');
    mkdirSync(path.dirname(alice.config));
    writeFileSync(alice.config, JSON.stringify({ server_url: cloud.url, token: 'token-of-the-file' }));
    expect((await alice.run('cloud', 'sync')).code).toBe(1);
    expect(cloud.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  it('writes cloud.json as the Go program does, and refuses what could not be used', async () => {
    const alice = member();
    await alice.must('cloud', 'config', '--server', ' HTTPS://cloud.example/base/ ');
    expect(readFileSync(alice.config, 'utf8')).toBe('{\n  "server_url": "https://cloud.example/base/",\n  "token": ""\n}');
    for (const url of ['', 'ftp://cloud.example', 'http://cloud.example?a=1', 'cloud.example'])
      expect(await alice.run('cloud', 'config', '--server', url)).toMatchObject({ code: 2 });
    expect(await alice.run('cloud', 'config', '--server', 'http://cloud.example')).toMatchObject({ code: 1 });
    expect(await alice.run('cloud', 'config')).toMatchObject({ code: 2 });
    expect(readFileSync(alice.config, 'utf8')).toContain('https://cloud.example/base/');
    expect(await alice.run('cloud', 'nonsense')).toMatchObject({ code: 2 });
  });

  it('takes a project to the cloud and back, and puts the configuration back as it was', async () => {
    const cloud = await server();
    const alice = member();
    await alice.must('init');
    await alice.save('Prices are integers');
    expect(await alice.json('cloud', 'upgrade', 'doctor')).toMatchObject({ code: 3, value: { reasonCode: 'cloud_config_error' } });
    await alice.must('cloud', 'config', '--server', cloud.url);
    expect(await alice.json('cloud', 'upgrade', 'doctor')).toMatchObject({
      code: 3,
      value: { reasonCode: 'upgrade_repairable_unenrolled' },
    });
    cloud.broken = 404;
    expect((await alice.run('cloud', 'upgrade', 'bootstrap')).code).toBe(1);
    expect(await alice.must('cloud', 'upgrade', 'status')).toBe('project: demo\nstage: bootstrap_enrolled');
    await alice.must('cloud', 'config', '--server', 'https://elsewhere.example');
    expect(await alice.json('cloud', 'upgrade', 'rollback')).toMatchObject({ code: 0, value: { stage: 'rolled_back' } });
    expect(readFileSync(alice.config, 'utf8')).toContain(cloud.url);
    cloud.broken = undefined;
    expect(await alice.json('cloud', 'upgrade', 'bootstrap')).toMatchObject({
      code: 0,
      value: { stage: 'bootstrap_verified', applied: true },
    });
    expect(cloud.chunks('demo')).toHaveLength(1);
    expect(await alice.json('cloud', 'upgrade', 'bootstrap')).toMatchObject({ code: 0, value: { applied: false } });
    expect((await alice.run('cloud', 'upgrade', 'rollback')).code).toBe(2);
    expect(await alice.run('cloud', 'upgrade', 'nonsense')).toMatchObject({ code: 2 });
  });
});
