import { createSession, deleteMemory, deletePrompt, editMemory, endSession, saveMemory, savePrompt } from '../models/writing.ts';
import type { GoMember } from './goMember.ts';
import type { MemoryActionName } from './memoryActions.ts';
import type { Random } from './random.ts';

type GoAction = (member: GoMember, random: Random) => void;

const SESSIONS = 3;

/** What somebody with an older program does to their own memories. Relations are made by agents' tools, which ours stands for. */
export const GO_ACTIONS: Readonly<Record<MemoryActionName, GoAction>> = {
  save: (member, random) => {
    const sessionId = startSession(member, random);
    const topicKey = random.oneOf('', '', 'architecture/auth', 'bug/login');
    saveMemory(member.model, {
      sessionId,
      title: `Old ${random.int(0, 9999)}`,
      content: `Text ${random.int(0, 9999)}`,
      project: 'demo',
      topicKey,
    });
  },
  edit: (member, random) => {
    const id = anyMemory(member, random);
    if (id !== undefined) editMemory(member.model, id, { content: `Edited by an older program ${random.int(0, 9999)}` });
  },
  remove: (member, random) => {
    const id = anyMemory(member, random);
    if (id !== undefined) deleteMemory(member.model, id, random.chance(0.3));
  },
  prompt: (member, random) => {
    savePrompt(member.model, { sessionId: startSession(member, random), content: `Prompt ${random.int(0, 99)}`, project: 'demo' });
  },
  removePrompt: (member, random) => {
    const id = random.pick([...member.model.database.prompts.keys()]);
    if (id !== undefined) deletePrompt(member.model, Number(id));
  },
  startSession: (member, random) => {
    startSession(member, random);
  },
  endSession: (member, random) => {
    const id = random.pick([...member.model.database.sessions.keys()]);
    if (id !== undefined) endSession(member.model, id, random.chance(0.7) ? `Summary ${random.int(0, 99)}` : '');
  },
  relate: () => undefined,
  judge: () => undefined,
};

function startSession(member: GoMember, random: Random): string {
  const id = random.chance(0.1) ? 'manual-save-demo' : `${member.name}-${random.int(1, SESSIONS)}`;
  createSession(member.model, id, 'demo', `/home/${member.name}/demo`);
  return id;
}

function anyMemory(member: GoMember, random: Random): number | undefined {
  const live = [...member.model.database.observations.values()].filter((row) => row.deletedAt === undefined);
  return live.length === 0 ? undefined : Number(random.pick(live)?.id);
}
