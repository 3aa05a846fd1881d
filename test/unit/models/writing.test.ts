import { describe, expect, it } from 'vitest';
import { GoError } from '../../models/goStruct.ts';
import type { Member } from '../../models/member.ts';
import { openDatabase } from '../../models/opening.ts';
import { newMember } from '../../models/teammate.ts';
import {
  createSession,
  deleteMemory,
  deletePrompt,
  deleteSession,
  editMemory,
  endSession,
  saveMemory,
  savePrompt,
} from '../../models/writing.ts';

/** A member with a session, at a clock that the test moves. */
function member(): { bob: Member; pass: (seconds: number) => void } {
  let ms = Date.parse('2025-03-01T10:00:00Z');
  let random = 0;
  const randomHex = (bytes: number): string => {
    random += 1;
    return random.toString(16).padStart(2 * bytes, '0');
  };
  const bob = newMember('v1.14.0', () => ms, randomHex);
  createSession(bob, 's', ' My--App ', '/w');
  return {
    bob,
    pass: (seconds) => {
      ms += seconds * 1000;
    },
  };
}

const MEMORY = { sessionId: 's', title: 'T', content: 'C <private>x</private>', project: 'My--App', scope: 'weird' };

describe('a teammate of the model', () => {
  it('saves, counts the same text within 15 minutes, and saves it again later', () => {
    const { bob, pass } = member();
    const first = saveMemory(bob, MEMORY);
    pass(900);
    expect(saveMemory(bob, MEMORY)).toBe(first);
    pass(1);
    expect(saveMemory(bob, MEMORY)).not.toBe(first);
    expect([...bob.database.observations.values()]).toMatchObject([
      { id: 1, content: 'C [REDACTED]', project: 'my-app', scope: 'project', duplicateCount: 2, updatedAt: '2025-03-01 10:15:00' },
      { id: 2, duplicateCount: 1, createdAt: '2025-03-01 10:15:01' },
    ]);
  });

  it('revises the live row of a topic, in its first session', () => {
    const { bob, pass } = member();
    const first = saveMemory(bob, { ...MEMORY, topicKey: ' Arch  Thing ' });
    createSession(bob, 't', '', '');
    pass(5);
    expect(saveMemory(bob, { ...MEMORY, sessionId: 't', content: 'D', topicKey: 'arch-thing' })).toBe(first);
    const [row] = bob.database.observations.values();
    expect(row).toMatchObject({
      sessionId: 's',
      content: 'D',
      revisionCount: 2,
      createdAt: '2025-03-01 10:00:00',
      updatedAt: '2025-03-01 10:00:05',
    });
  });

  it('edits and deletes softly and hard', () => {
    const { bob, pass } = member();
    saveMemory(bob, MEMORY);
    pass(1);
    editMemory(bob, 1, { title: 'U' });
    expect(bob.database.observations.get(1)).toMatchObject({ title: 'U', revisionCount: 2, updatedAt: '2025-03-01 10:00:01' });
    deleteMemory(bob, 1, false);
    expect(bob.database.observations.get(1)).toMatchObject({ deletedAt: '2025-03-01 10:00:01' });
    expect(() => editMemory(bob, 1, { title: 'V' })).toThrow(GoError);
    expect(() => deleteMemory(bob, 1, false)).toThrow(GoError);
    expect(() => deleteSession(bob, 's')).toThrow('session still has observations');
    deleteMemory(bob, 1, true);
    expect(bob.database.observations.size).toBe(0);
    saveMemory(bob, MEMORY);
    expect([...bob.database.observations.keys()]).toEqual([2]);
  });

  it('keeps a tombstone of a prompt; a session that goes takes its prompts along without', () => {
    const { bob } = member();
    const syncId = savePrompt(bob, { sessionId: 's', content: 'P' });
    savePrompt(bob, { sessionId: 's', content: 'Q' });
    deletePrompt(bob, 1);
    expect([...bob.database.tombstones.keys()]).toEqual([syncId]);
    deleteSession(bob, 's');
    expect(bob.database).toMatchObject({ sessions: new Map(), prompts: new Map() });
    expect(bob.database.tombstones.size).toBe(1);
    expect(() => savePrompt(bob, { sessionId: 's', content: 'R' })).toThrow('FOREIGN KEY');
  });

  it('ends a session and fills only what one lacks', () => {
    const { bob, pass } = member();
    pass(60);
    endSession(bob, 's', 'done');
    endSession(bob, 'nobody', 'x');
    createSession(bob, 's', 'other', '/elsewhere');
    expect([...bob.database.sessions.values()]).toEqual([
      { id: 's', project: 'my-app', directory: '/w', startedAt: '2025-03-01 10:00:00', endedAt: '2025-03-01 10:01:00', summary: 'done' },
    ]);
  });

  it('gives rows without an identity a random one on opening', () => {
    const { bob } = member();
    saveMemory(bob, MEMORY);
    const row = bob.database.observations.get(1);
    if (row) bob.database.observations.set(1, { ...row, syncId: '', topicKey: '', revisionCount: 0, updatedAt: '' });
    openDatabase(bob);
    const repaired = bob.database.observations.get(1);
    expect(repaired).toMatchObject({
      syncId: expect.stringMatching(/^obs-[0-9a-f]{32}$/),
      revisionCount: 1,
      updatedAt: '2025-03-01 10:00:00',
    });
    expect(repaired).not.toHaveProperty('topicKey');
  });
});
