import assert from 'node:assert/strict';
import { eventually } from '../eventually.ts';
import { ourExtension } from './extension.ts';

describe('activation', () => {
  it('happens by itself once the window has started', async () => {
    await eventually('the extension is active', () => ourExtension().isActive);
    assert.deepEqual(ourExtension().packageJSON.activationEvents, ['onStartupFinished']);
  });
});
