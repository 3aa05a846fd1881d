import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { FileTransport } from '../../../src/adapters/chunkFolder.ts';
import { ListingMemoryTransport, MemoryTransport } from '../../support/memoryTransport.ts';
import { transportContract } from './transportContract.ts';

const parent = mkdtempSync(join(tmpdir(), 'engram-test-'));
afterAll(() => rmSync(parent, { recursive: true, force: true }));

transportContract('of a folder', async () => new FileTransport(join(mkdtempSync(join(parent, 'x-')), '.engram')));
transportContract('in memory', async () => new ListingMemoryTransport());
transportContract('in memory that cannot list', async () => new MemoryTransport());
