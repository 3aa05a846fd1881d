import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../../src/engine/cloud/cloudPorts.ts';
import { CloudAccess } from '../../../src/host/cloudAccess.ts';
import { CloudTokens } from '../../../src/host/cloudTokens.ts';

const request = (url: string): HttpRequest => ({ method: 'GET', url, timeoutMs: 1000, maxBytes: 1000 });
const SHOP = 'https://cloud.example';

/** Secrets as VS Code keeps them, and every exchange that would have left. */
function setUp(server = '') {
  const secrets = new Map<string, string>();
  const tokens = new CloudTokens({
    get: async (key) => secrets.get(key),
    store: async (key, value) => void secrets.set(key, value),
    delete: async (key) => void secrets.delete(key),
  });
  const sent: string[] = [];
  const settings = { server };
  const access = new CloudAccess({
    server: () => settings.server,
    tokens,
    http: (base, token) => ({
      send: async ({ url }) => {
        sent.push(`${base} | ${url} | ${await token()}`);
        return { status: 200, headers: new Map(), body: new Uint8Array() };
      },
    }),
  });
  return { secrets, tokens, sent, settings, access };
}

describe('the door to the cloud', () => {
  it('is shut while no server is set, whatever tokens there are', async () => {
    const { access, tokens, sent } = setUp();
    await tokens.keep(SHOP, 'token-1');
    await expect(access.send(request(`${SHOP}/sync/pull`))).rejects.toMatchObject({ code: 'cloud-config' });
    expect(sent).toEqual([]);
  });

  it('is shut until a person has entered a token for that very origin', async () => {
    const { access, tokens, sent, settings } = setUp(SHOP);
    await tokens.keep('http://cloud.example', 'token-of-http');
    await tokens.keep('https://cloud.example:8443', 'token-of-a-port');
    await expect(access.send(request(`${SHOP}/sync/pull`))).rejects.toMatchObject({ code: 'cloud-config' });
    await tokens.keep(SHOP, 'token-1');
    await access.send(request(`${SHOP}/sync/pull`));
    settings.server = `${SHOP}/base/`;
    await access.send(request(`${SHOP}/base/sync/pull`));
    expect(sent).toEqual([`${SHOP} | ${SHOP}/sync/pull | token-1`, `${SHOP}/base/ | ${SHOP}/base/sync/pull | token-1`]);
  });

  it('gives no token to another address, and sends nothing to it', async () => {
    const { access, tokens, sent, settings } = setUp(SHOP);
    await tokens.keep(SHOP, 'token-1');
    settings.server = 'https://evil.example';
    await expect(access.send(request('https://evil.example/sync/pull'))).rejects.toMatchObject({ code: 'cloud-config' });
    await expect(access.send(request(`${SHOP}/sync/pull`))).rejects.toMatchObject({ code: 'cloud-config' });
    await expect(access.send(request('no address'))).rejects.toMatchObject({ code: 'cloud-config' });
    expect(sent).toEqual([]);
  });

  it('lets a typed token out for the try alone', async () => {
    const { access, sent, secrets } = setUp();
    await access.tryOut({ server: SHOP, token: 'typed' }, () => access.send(request(`${SHOP}/sync/pull`)));
    await expect(access.send(request(`${SHOP}/sync/pull`))).rejects.toMatchObject({ code: 'cloud-config' });
    expect(sent).toEqual([`${SHOP} | ${SHOP}/sync/pull | typed`]);
    expect(secrets.size).toBe(0);
  });

  it('does not give a typed token to the server that is set', async () => {
    const { access, tokens, sent } = setUp(SHOP);
    await tokens.keep(SHOP, 'token-1');
    await access.tryOut({ server: 'https://other.example', token: 'typed' }, () => access.send(request(`${SHOP}/sync/pull`)));
    expect(sent).toEqual([`${SHOP} | ${SHOP}/sync/pull | token-1`]);
  });

  it('can be open without a token, where a person said that the server wants none', async () => {
    const { access, tokens, sent } = setUp('http://127.0.0.1:18080');
    await tokens.keep('http://127.0.0.1:18080', '');
    await access.send(request('http://127.0.0.1:18080/sync/pull'));
    await tokens.forget('http://127.0.0.1:18080');
    await expect(access.send(request('http://127.0.0.1:18080/sync/pull'))).rejects.toMatchObject({ code: 'cloud-config' });
    expect(sent).toHaveLength(1);
  });
});
