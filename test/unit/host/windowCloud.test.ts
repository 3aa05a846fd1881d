import { describe, expect, it } from 'vitest';
import type { CloudCheck } from '../../../src/engine/cloud/cloudState.ts';
import { EngramError } from '../../../src/engine/errors.ts';
import { CloudTokens } from '../../../src/host/cloudTokens.ts';
import type { FolderSession } from '../../../src/host/session.ts';
import { WindowCloud } from '../../../src/host/windowCloud.ts';

const SHOP = 'https://cloud.example/base';

function setUp(server = '') {
  const asked: string[] = [];
  const secrets = new Map<string, string>();
  const tokens = new CloudTokens({
    get: async (key) => {
      asked.push(key);
      return secrets.get(key);
    },
    store: async (key, value) => void secrets.set(key, value),
    delete: async (key) => void secrets.delete(key),
  });
  const settings = { server, automatic: false };
  let changes = 0;
  const tried: unknown[] = [];
  const cloud = new WindowCloud({
    access: {
      tryOut: (trial, work) => {
        tried.push(trial);
        return work();
      },
    },
    tokens,
    settings: () => settings,
    setServer: async (address) => {
      settings.server = address;
    },
    changed: () => changes++,
  });
  const answers = (answer: CloudCheck['outcome'] | EngramError): FolderSession => {
    const check = { outcome: answer, project: 'shop', chunks: 0, message: '' } as CloudCheck;
    const requests = { cloudCheck: async () => (answer instanceof EngramError ? Promise.reject(answer) : check) };
    return { requests } as unknown as FolderSession;
  };
  return { cloud, secrets, settings, asked, tried, answers, changes: () => changes };
}

describe('WindowCloud', () => {
  it('does not even look for a secret where no server is set', async () => {
    const { cloud, asked, changes } = setUp();
    await cloud.refresh();
    expect([cloud.isConnected, asked, changes()]).toEqual([false, [], 0]);
  });

  it.each(['ok', 'project'] as const)('keeps address and token once the server takes the token (%s)', async (outcome) => {
    const { cloud, secrets, settings, tried, answers } = setUp();
    await cloud.connect(SHOP, 'token-1', answers(outcome));
    expect(tried).toEqual([{ server: SHOP, token: 'token-1' }]);
    expect([cloud.isConnected, settings.server]).toEqual([true, SHOP]);
    expect([...secrets]).toEqual([['engram.cloud.token:https://cloud.example', '{"token":"token-1"}']]);
  });

  it.each(['token', new EngramError('cloud-unreachable', 'No.')])('keeps nothing where it does not (%s)', async (answer) => {
    const { cloud, secrets, settings, answers } = setUp('https://before.example');
    await cloud.connect(SHOP, 'token-1', answers(answer as 'token')).catch(() => undefined);
    expect([cloud.isConnected, settings.server, secrets.size]).toEqual([false, 'https://before.example', 0]);
  });

  it('is not connected any more when the address changes, and is again when it comes back', async () => {
    const { cloud, settings, answers, changes } = setUp();
    await cloud.connect(SHOP, 'token-1', answers('ok'));
    settings.server = 'https://evil.example';
    await cloud.refresh();
    expect(cloud.isConnected).toBe(false);
    settings.server = SHOP;
    await cloud.refresh();
    expect([cloud.isConnected, changes()]).toEqual([true, 3]);
  });

  it('forgets the token of this server and no other', async () => {
    const { cloud, secrets, answers } = setUp();
    await cloud.connect('https://other.example', 'token-0', answers('ok'));
    await cloud.connect(SHOP, 'token-1', answers('ok'));
    await cloud.disconnect();
    expect(cloud.isConnected).toBe(false);
    expect([...secrets.keys()]).toEqual(['engram.cloud.token:https://other.example']);
  });
});
