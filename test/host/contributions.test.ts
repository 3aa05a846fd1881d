import assert from 'node:assert/strict';
import { ConfigurationTarget, commands, workspace } from 'vscode';
import { ourExtension } from './extension.ts';

interface Contributions {
  readonly commands: readonly { readonly command: string }[];
  readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
  readonly configuration: { readonly properties: Readonly<Record<string, { readonly default: unknown; readonly scope?: string }>> };
}

const contributes = () => ourExtension().packageJSON.contributes as Contributions;

describe('contributions', () => {
  before(() => ourExtension().activate());

  it('registers exactly the commands that the manifest names', async () => {
    const views = Object.values(contributes().views)
      .flat()
      .map((view) => view.id);
    const ofViews = (command: string) => views.some((id) => command.startsWith(`${id}.`));
    const registered = (await commands.getCommands(true)).filter((command) => command.startsWith('engram.') && !ofViews(command));
    const contributed = contributes().commands.map(({ command }) => command);
    assert.deepEqual(registered.toSorted(), contributed.toSorted());
  });

  it('shows every view', async () => {
    for (const { id } of Object.values(contributes().views).flat()) await commands.executeCommand(`${id}.focus`);
  });

  it('gives every setting the default that the manifest promises', () => {
    for (const [name, { default: value }] of Object.entries(contributes().configuration.properties)) {
      assert.deepEqual(workspace.getConfiguration().inspect(name)?.defaultValue, value, name);
    }
  });

  it('lets no workspace set what changes what leaves, or where it goes', async () => {
    for (const name of ['engram.author', 'engram.includePersonal', 'engram.cloud.server', 'engram.cloud.automatic']) {
      const update = workspace.getConfiguration().update(name, 'x', ConfigurationTarget.Workspace);
      await assert.rejects(Promise.resolve(update), `${name} was written`);
    }
  });
});
