import assert from 'node:assert/strict';
import { ConfigurationTarget, commands, workspace } from 'vscode';
import { eventually } from '../eventually.ts';
import { ourExtension } from './extension.ts';

/** What was asked for over the network by our code, in the whole session of this window. */
const sent: string[] = [];
const untouched = globalThis.fetch;

/** Loaded before all other suites: what they do is watched, too. The host's own calls have other stacks. */
globalThis.fetch = (input, init) => {
  const stack = new Error('who asks').stack ?? '';
  if (stack.includes(ourExtension().extensionPath)) sent.push(String(input));
  return untouched(input, init);
};

describe('the network', () => {
  before(() => ourExtension().activate());

  it('is not touched by an address alone, before a token was entered for it', async () => {
    await workspace.getConfiguration('engram').update('cloud.server', 'http://127.0.0.1:9', ConfigurationTarget.Global);
    await commands.executeCommand('engram.refresh');
    await commands.executeCommand('engram.cloud.focus');
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.deepEqual(sent, []);
    await workspace.getConfiguration('engram').update('cloud.server', undefined, ConfigurationTarget.Global);
    await eventually('the address is gone', () => workspace.getConfiguration('engram').get('cloud.server') === '');
  });
});

after(() => {
  assert.deepEqual(sent, [], 'nobody has connected in this session, and still something was sent');
});
