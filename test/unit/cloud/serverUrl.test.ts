import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RemoteTransport } from '../../../src/engine/cloud/remoteTransport.ts';
import { serverUrlProblem, validateServerUrl } from '../../../src/engine/cloud/serverUrl.ts';
import { EngramError } from '../../../src/engine/errors.ts';

function outcome(text: string): string {
  try {
    return validateServerUrl(text);
  } catch (error) {
    if (EngramError.is(error, 'cloud-config')) return `! ${error.message}`;
    throw error;
  }
}

describe('the address of a server', () => {
  it.each([
    ['https://cloud.example', 'https://cloud.example'],
    [' HTTPS://cloud.example/base// ', 'https://cloud.example/base'],
    ['https://cloud.example:8443/a', 'https://cloud.example:8443/a'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['http://LOCALHOST', 'http://LOCALHOST'],
    ['http://127.0.0.1:8080/', 'http://127.0.0.1:8080'],
    ['http://127.9.8.7', 'http://127.9.8.7'],
    ['http://[::1]:8080', 'http://[::1]:8080'],
    ['https://[2001:db8::1]', 'https://[2001:db8::1]'],
  ])('takes %j', (text, stored) => expect(outcome(text)).toBe(stored));

  it.each([
    'http://cloud.example',
    'http://192.168.1.5:8080',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://128.0.0.1',
    'http://[::2]',
    'http://0.0.0.0',
    'http://[::ffff:8.8.8.8]',
    'https://user@cloud.example',
    'https://user:secret@cloud.example',
    'http://localhost:1@evil.example',
    'http://2130706433',
    'http://0x7f.1',
    'http://127.1',
    'http://evil.example\\@localhost/',
    'https://cloud.example:99999',
    'https://ex%61mple.org',
  ])('refuses %j', (text) =>
    expect(outcome(text)).toMatch(/^! (The address of the cloud server cannot be used\. |cloud: invalid remote url: )/),
  );

  it('is never one that Go would refuse, never plain http to elsewhere, and means the same when it is read again', () => {
    const hosts = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.constantFrom('localhost', '127.0.0.1', '[::1]'),
      fc.string(),
    );
    const texts = fc.oneof(
      fc.string(),
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc
        .tuple(fc.constantFrom('http://', 'https://', 'HTTPS://', 'ftp://', ''), fc.option(fc.string()), hosts, fc.string())
        .map(([scheme, user, host, rest]) => `${scheme}${user === null ? '' : `${user}@`}${host}/${rest}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const stored = outcome(text);
        if (stored.startsWith('! ')) return;
        expect(serverUrlProblem(text, 'transport')).toBeUndefined();
        const url = new URL(stored);
        expect(url.username + url.password + url.search + url.hash).toBe('');
        expect(url.protocol === 'https:' || ['localhost', '[::1]'].includes(url.hostname) || url.hostname.startsWith('127.')).toBe(true);
        expect(outcome(stored)).toBe(stored);
        expect(stored.endsWith('/')).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('needs a project beside it', () => {
    const http = { send: () => expect.fail('it was asked') };
    expect(() => new RemoteTransport({ http, server: 'https://cloud.example', project: ' \t' })).toThrow('cloud: project is required');
    expect(new RemoteTransport({ http, server: 'https://cloud.example', project: ' De--Mo' }).project).toBe('de-mo');
  });
});
