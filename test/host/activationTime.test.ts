import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { commands, workspace } from 'vscode';
import { eventually } from '../eventually.ts';
import { ourExtension } from './extension.ts';

describe('activation time', () => {
  it('is in the table of "Developer: Startup Performance"', async () => {
    await eventually('the extension is active', () => ourExtension().isActive);
    await commands.executeCommand('perfview.show');
    const row = await eventually('the row of this extension', rowOfExtension);
    const [loadMs, activateMs] = [Number(row[3]), Number(row[4])];
    assert.ok(Number.isFinite(loadMs) && Number.isFinite(activateMs), row.join(' | '));
    const file = process.env['ENGRAM_HOST_MEASURED'];
    if (file) writeFileSync(file, JSON.stringify({ loadMs, activateMs }));
    console.log(`[suite]    load ${loadMs} ms, activate ${activateMs} ms`);
  });
});

/** Cells of `| id | Eager | Load Code | Call Activate | Finish Activate | Event | By |`, from index 1 on. */
function rowOfExtension(): string[] | false {
  const table = workspace.textDocuments.find((document) => document.uri.scheme === 'perf')?.getText() ?? '';
  const line = table.split('\n').find((text) => text.includes('engram-team-memory.engram-team-memory') && text.split('|').length > 7);
  return line ? line.split('|').map((cell) => cell.trim()) : false;
}
