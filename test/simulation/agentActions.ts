import { versionKey } from '../../src/engine/chunkVersions.ts';
import type { Entity } from '../../src/engine/held.ts';
import { JournallingAgent } from '../support/journallingAgent.ts';
import type { Ledger } from './ledger.ts';
import type { Member } from './member.ts';
import type { Random } from './random.ts';

type AgentAction = (
  agent: JournallingAgent,
  member: Member,
  random: Random,
) => { readonly entity: Entity; readonly key: string } | undefined;

const YEAR = 365 * 24 * 60 * 60 * 1000;

const actions = {
  agentSave: (agent, member, random) => {
    const key = `obs-${Buffer.from(random.bytes(8)).toString('hex')}`;
    agent.save(key, { sessionId: `agent-${member.name}`, title: `Agent ${random.int(0, 9999)}`, content: `Text ${random.int(0, 9999)}` });
    return { entity: 'observation', key };
  },
  agentEdit: (agent, member, random) => {
    const key = anyMemory(member, random);
    if (key === undefined) return undefined;
    agent.edit(key, `Edited by an agent ${random.int(0, 9999)}`);
    return { entity: 'observation', key };
  },
  agentRemove: (agent, member, random) => {
    const key = anyMemory(member, random);
    if (key === undefined) return undefined;
    agent.remove(key, random.chance(0.3));
    return { entity: 'observation', key };
  },
  agentRemovePrompt: (agent, member, random) => {
    const key = random.pick([...member.databases.store.prompts()])?.syncId;
    if (key === undefined) return undefined;
    agent.removePrompt(key);
    return { entity: 'prompt', key };
  },
  agentEndSession: (agent, member, random) => {
    const key = random.pick([...member.databases.store.sessions()])?.id;
    if (key === undefined) return undefined;
    agent.endSession(key, random.chance(0.8) ? `Ended ${random.int(0, 99)}`.slice(0, random.int(1, 9)) : '');
    return { entity: 'session', key };
  },
  agentJudge: (agent, member, random) => {
    const key = random.pick([...member.databases.store.relations()])?.syncId;
    if (key === undefined) return undefined;
    agent.judge(key, `Because ${random.int(0, 99)}`);
    return { entity: 'relation', key };
  },
} satisfies Record<string, AgentAction>;

export type AgentActionName = keyof typeof actions;

export function isAgentAction(name: string): name is AgentActionName {
  return name in actions;
}

/**
 * What an agent does in a member's database, by a clock that is right, or years off. What becomes of the row depends on when it is noticed and on
 * what others have done meanwhile, so that the ledger leaves it out; that all end with the same is checked all the same.
 */
export function actAsAgent(name: AgentActionName, member: Member, random: Random, ledger: Ledger): void {
  if (!member.databases.isInPlace) return;
  const offset = random.oneOf(0, random.int(-3, 3) * YEAR, random.int(-100, 100) * 60_000);
  const agent = new JournallingAgent(() => member.databases.memories, { now: () => member.clock.now() + offset });
  const action: AgentAction = actions[name];
  const touched = action(agent, member, random);
  if (touched) ledger.ofAgents.add(versionKey(touched.entity, touched.key));
}

function anyMemory(member: Member, random: Random): string | undefined {
  return random.pick([...member.databases.store.observations()].filter((row) => !row.deletedAt))?.syncId;
}
