import type { CandidateStore } from '../../agents/src/coordination/choosing/candidate.store.ts';
import { POLLING_SLOTS } from '../../agents/src/coordination/choosing/domain/polling.ts';
import type { ListedMachine, SnapshotStore } from '../../agents/src/doors/broker/wire/snapshot.store.ts';
import type { AgentStore } from '../../agents/src/registry/agent/agent.store.ts';
import { isActive } from '../../agents/src/registry/agent/domain/liveness.ts';
import type { HeartbeatStore } from '../../agents/src/registry/agent/heartbeat.store.ts';
import type { AgentsTables, StoredAgent, StoredMachine } from './agents-tables.ts';
import { type Database, type Transaction, transactionOf } from './database.ts';

/** Agents, for whoever has to do with one. */
export function agentsInMemory(
  database: Database,
  { agents }: AgentsTables,
): Pick<AgentStore, keyof AgentStore> {
  const change = (tx: Transaction, key: string, changes: Partial<StoredAgent>) => {
    const agent = agents.get(key);
    if (agent) tx.put(agents, key, { ...agent, ...changes });
  };
  const isNewest = (key: string, atNs: bigint) => (agents.get(key)?.observedAtNs ?? atNs) < atNs;
  return {
    find: async (key, sql) => {
      if (!sql) await database.read();
      return agents.get(key);
    },
    lock: async (_, key) => agents.get(key),
    revoke: async (sql, key, now) => change(transactionOf(sql), key, { revokedAtNs: now }),
    listeningAccount: async (_, key) => {
      const agent = agents.get(key);
      return agent?.revokedAtNs === null && !agent.polls ? agent.accountPublicKey : undefined;
    },
    polls: async (_, key) => agents.get(key)?.polls === true,
    stopPolling: async (sql, key) => change(transactionOf(sql), key, { polls: false }),
    isNewestObservation: async (_, key, atNs) => isNewest(key, atNs),
    noteObservation: async (sql, key, _, atNs) => {
      if (isNewest(key, atNs)) change(transactionOf(sql), key, { observedAtNs: atNs });
    },
    noteUnknownMachines: () => database.read(),
  };
}

/** When agents were heard last, and what they said. None of them polls. */
export const heartbeatsInMemory = (
  database: Database,
  { agents }: AgentsTables,
): Pick<HeartbeatStore, keyof HeartbeatStore> => ({
  hear: (heartbeats) =>
    database.transaction((tx) => {
      for (const { agentPublicKey, heardAtNs, provisionerTypes, resources, ...said } of heartbeats) {
        const agent = agents.get(agentPublicKey);
        if (!agent || agent.revokedAtNs !== null || (agent.lastHeartbeatNs ?? 0n) >= heardAtNs) continue;
        tx.put(agents, agentPublicKey, {
          ...{ ...agent, ...said, polls: false, lastHeartbeatNs: heardAtNs },
          provisionerTypes: [...provisionerTypes],
          resources: resources ?? agent.resources,
        });
      }
    }),
  hearPolling: () => Promise.reject(new Error('agents that poll are not simulated')),
});

const isOpen = ({ state, desired }: StoredMachine): boolean =>
  desired === 'running' && (state === 'offered' || state === 'claimed');

/** Agents as the coordinator weighs them up. */
export function candidatesInMemory(tables: AgentsTables): Pick<CandidateStore, keyof CandidateStore> {
  const openAt = (key: string) => tables.machinesAt(key).filter(isOpen);
  return {
    inPools: async (_, provider, poolIds, now) =>
      [...tables.agents.values()]
        .filter(
          (agent) =>
            poolIds.includes(agent.poolId ?? '') &&
            agent.providerPublicKey === provider &&
            isActive(agent, now) &&
            agent.permissions.includes('provision') &&
            agent.lastHeartbeatNs !== null,
        )
        .map((agent) => ({
          ...agent,
          freeSlots: agent.polls ? POLLING_SLOTS : agent.freeSlots,
          offeredSince: openAt(agent.agentPublicKey).filter(
            ({ offeredAtNs }) => agent.polls || offeredAtNs >= (agent.lastHeartbeatNs ?? 0n),
          ).length,
        })),
    lockAndCountOpen: async (_, key) => openAt(key).length,
    atWork: async (_, key, contractId) => {
      const agent = tables.agents.get(key);
      if (!agent) throw new Error(`machine of the unknown agent ${key}`);
      const isMaking = openAt(key).some((one) => one.state === 'claimed' && one.contractId !== contractId);
      return { ...agent, isMaking };
    },
  };
}

/** All that an agent shall have; what is not listed is no command, so the list is cut now and then. */
export function snapshotsInMemory(
  database: Database,
  tables: AgentsTables,
): Pick<SnapshotStore, keyof SnapshotStore> {
  const desired = (machine: StoredMachine): ListedMachine => {
    const assignment = tables.assignments.get(machine.contractId);
    if (!assignment) throw new Error(`machine of the unknown contract ${machine.contractId}`);
    const before = tables
      .machinesOf(machine.contractId)
      .findLast((one) => one.agentPublicKey === machine.agentPublicKey && one.instance !== null);
    // One that is made again has the port of the one before.
    const sshPort = (machine.instance ?? before?.instance)?.sshPort ?? null;
    const { contractId, generation } = machine;
    return { ...assignment, contractId, generation, desired: machine.desired, sshPort };
  };
  return {
    of: async (key, { mostMachines }, now) => {
      await database.read();
      const { kernel, faults } = database;
      const isListed = (machine: StoredMachine) =>
        machine.desired === 'absent' || !(machine.madeByPolling || (machine.leaseExpiresAtNs ?? 0n) > now);
      const listed = tables
        .machinesAt(key)
        .filter((machine) => machine.state !== 'gone' && isListed(machine))
        .sort((a, b) => a.desired.localeCompare(b.desired) || Number(b.offeredAtNs - a.offeredAtNs));
      const isCut = faults.hits('snapshot-cut', key.slice(0, 8));
      const machines = isCut ? listed.filter(() => kernel.random.chance(0.5)) : listed;
      const version = tables.agents.get(key)?.desiredVersion ?? 0n;
      return { version, rival: undefined, machines: machines.slice(0, mostMachines).map(desired) };
    },
  };
}
