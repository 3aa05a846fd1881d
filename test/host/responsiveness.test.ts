import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { commands, workspace } from 'vscode';
import { eventually } from '../eventually.ts';
import { memoriesIn } from '../memoriesIn.ts';
import { ourExtension } from './extension.ts';

/** Rows in the folder that the runner laid out. */
const rows = 10_000;

describe('while 10,000 observations are imported', () => {
  it('the event loop of the extension host is measured', async function () {
    this.timeout(120_000);
    await ourExtension().activate();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const folder = workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const started = performance.now();
    await commands.executeCommand('engram.importPending');
    const importMs = Math.round(performance.now() - started);
    delay.disable();
    const maxMs = delay.max / 1e6;
    await eventually('every row is in the database', () => memoriesIn(folder).length === rows, 60_000);
    const file = process.env['ENGRAM_HOST_MEASURED'];
    if (file) writeFileSync(file, JSON.stringify({ maxMs, importMs }));
    console.log(
      `[suite]    event loop held for at most ${maxMs.toFixed(1)} ms, p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms; import took ${importMs} ms`,
    );
    assert.ok(maxMs > 0);
  });
});
