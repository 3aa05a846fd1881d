import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMAND_IDS } from '../../../src/ui/commandIds.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const jsonOf = <T>(file: string): T => JSON.parse(textOf(file)) as T;

interface MenuEntry {
  readonly command: string;
  readonly when?: string;
  readonly group?: string;
}

interface Manifest {
  readonly icon: string;
  readonly keywords: readonly string[];
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly category: string; readonly icon?: string }[];
    readonly menus: Readonly<Record<string, readonly MenuEntry[]>>;
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
    readonly viewsWelcome: readonly { readonly view: string }[];
    readonly configuration: {
      readonly properties: Readonly<Record<string, { readonly scope: string; readonly markdownDescription: string }>>;
    };
    readonly walkthroughs: readonly { readonly steps: readonly unknown[] }[];
  };
}

const manifest = jsonOf<Manifest>('package.json');
const { commands, menus, configuration, views, viewsWelcome, walkthroughs } = manifest.contributes;
const ours = new Set<string>(COMMAND_IDS);

describe('package.json', () => {
  it('contributes exactly the commands that are registered, each once', () => {
    expect(commands.map(({ command }) => command).toSorted()).toEqual([...COMMAND_IDS].toSorted());
    expect(commands.filter(({ category }) => category !== 'Engram')).toEqual([]);
  });

  it('names only commands that exist', () => {
    const named = [
      ...Object.values(menus).flatMap((entries) => entries.map(({ command }) => command)),
      ...[
        ...Object.values(jsonOf<Record<string, string>>('package.nls.json'))
          .join('\n')
          .matchAll(/command:(engram\.\w+)/g),
      ].map((match) => match[1]),
    ];
    expect(named.filter((command) => command === undefined || !ours.has(command))).toEqual([]);
  });

  it('gives an icon to every command that sits in a toolbar', () => {
    const inToolbars = ['view/title', 'editor/title', 'view/item/context']
      .flatMap((menu) => menus[menu] ?? [])
      .filter(({ group }) => group?.startsWith('navigation') || group?.startsWith('inline'));
    const bare = inToolbars.filter(({ command }) => !commands.find((one) => one.command === command)?.icon);
    expect(bare).toEqual([]);
    expect(inToolbars.length).toBeGreaterThan(0);
  });

  it('puts at most three actions on a row', () => {
    const inline = (menus['view/item/context'] ?? []).filter(({ group }) => group?.startsWith('inline'));
    expect(inline.length).toBeLessThanOrEqual(3);
  });

  it('lets no workspace decide what leaves, under which name, or where it goes', () => {
    for (const name of ['engram.author', 'engram.includePersonal']) expect(configuration.properties[name]?.scope).toBe('application');
    for (const name of ['engram.cloud.server', 'engram.cloud.automatic']) expect(configuration.properties[name]?.scope).toBe('machine');
    expect(configuration.properties['engram.database']?.scope).toBe('machine');
  });

  it('lets no workspace decide which program is run', () => {
    expect(configuration.properties['engram.programPath']?.scope).toBe('machine');
  });

  it('has a welcome for every view, few steps and few keywords', () => {
    const ids = Object.values(views)
      .flat()
      .map(({ id }) => id);
    expect(new Set(viewsWelcome.map(({ view }) => view))).toEqual(new Set(ids));
    expect(walkthroughs[0]?.steps.length).toBeLessThanOrEqual(4);
    expect(manifest.keywords.length).toBeLessThanOrEqual(8);
  });

  it('names only files that are there', () => {
    const files = [...textOf('package.json').matchAll(/"(?:\.\/)?(media\/[^"]+)"/g)].map((match) => match[1] ?? '');
    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  });
});

describe('translations', () => {
  const used = new Set([...textOf('package.json').matchAll(/"%([^%"]+)%"/g)].map((match) => match[1]));

  it.each(['package.nls.json', 'package.nls.es.json'])('%s has every text of the manifest and no other', (file) => {
    expect(new Set(Object.keys(jsonOf<object>(file)))).toEqual(used);
  });

  it('have every text of the UI and no other, with the same placeholders', () => {
    const folder = path.join(root, 'src/ui');
    const source = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(path.join(folder, file), 'utf8'))
      .join('\n');
    const messages = new Set([...source.matchAll(/\bt\(\s*'([^']*)'/g)].map((match) => match[1] ?? ''));
    const spanish = jsonOf<Record<string, string>>('l10n/bundle.l10n.es.json');
    expect(messages.size).toBeGreaterThan(100);
    expect(Object.keys(spanish).toSorted()).toEqual([...messages].toSorted());
    const placeholders = (text: string) => (text.match(/\{\d\}/g) ?? []).toSorted();
    for (const [message, translated] of Object.entries(spanish)) expect(placeholders(translated), message).toEqual(placeholders(message));
  });
});
