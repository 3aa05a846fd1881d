import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { engramFolder, entry, openIn, putChunk, putManifest } from '../support/folder.ts';
import { databaseFrom } from '../support/goldenDatabase.ts';
import { fillWithEverything, observation, prompt, relation, session } from './everything.ts';
import type { EngramProgram } from './programs.ts';
import { insert, live, type Row, type Rows, readRows, withDatabase } from './rows.ts';
import { Teammate } from './teammate.ts';

