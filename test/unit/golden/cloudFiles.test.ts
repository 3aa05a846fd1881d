import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import { readGoldenCloud, withGoldenCloud } from '../../support/goldenCloud.ts';

const REPLAYED = [
  'allow-list-wildcard.json',
  'channels.json',
  'client.json',
  'health-and-auth.json',
  'insecure.json',
  'manifest.json',
  'mutation-pull.json',
  'mutation-push.json',
  'pull.json',
  'push.json',
  'urls.json',
];

/** Without any answer that a client could read, and how many elements that are. */
const OF_THE_SERVER: Readonly<Record<string, { readonly why: string; readonly elements: number }>> = {
  'serve-startup.json': { why: 'how the server starts from its environment', elements: 15 },
  'server-tables.json': { why: 'rows of the server’s own database, per version', elements: 2 },
};

withGoldenCloud('server-tables.json', (path) => {
  it('is a folder of which every file is replayed, or is about the server alone', () => {
    const files = readdirSync(dirname(path)).filter((name) => name.endsWith('.json'));
    expect(files.sort()).toEqual([...REPLAYED, ...Object.keys(OF_THE_SERVER)].sort());
    for (const [name, { why, elements }] of Object.entries(OF_THE_SERVER)) {
      const content = readGoldenCloud<object>(path.replace('server-tables.json', name));
      expect(Object.keys(content).length).toBe(elements);
      console.log(`golden ${name}: ${elements} elements not replayed: ${why}`);
    }
  });
});
