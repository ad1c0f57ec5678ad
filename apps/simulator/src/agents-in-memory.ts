import type { Sql } from '@decent-cloud/postgres';
import type { AgentAtWork, CandidateStore } from '../../agents/src/coordination/choosing/candidate.store.ts';
import type { Candidate } from '../../agents/src/coordination/choosing/domain/choose-agent.ts';
import { POLLING_SLOTS } from '../../agents/src/coordination/choosing/domain/polling.ts';
import type {
  ListedMachine,
  SnapshotRow,
  SnapshotStore,
} from '../../agents/src/doors/broker/wire/snapshot.store.ts';
import type { AgentRow, AgentStore } from '../../agents/src/registry/agent/agent.store.ts';
import { isActive } from '../../agents/src/registry/agent/domain/liveness.ts';
import type { Heartbeat, HeartbeatStore } from '../../agents/src/registry/agent/heartbeat.store.ts';
import type { AgentsTables, StoredAgent, StoredMachine } from './agents-tables.ts';
import { type Database, transactionOf } from './database.ts';

const isOpen = ({ state, desired }: StoredMachine): boolean =>
  desired === 'running' && (state === 'offered' || state === 'claimed');

/** Agents, for whoever has to do with one. None of them polls. */
export class AgentsInMemory implements Pick<AgentStore, keyof AgentStore> {
  constructor(
    private readonly database: Database,
    private readonly tables: AgentsTables,
  ) {}

  async find(agentPublicKey: string, sql?: Sql): Promise<AgentRow | undefined> {
    if (!sql) await this.database.read();
    return this.tables.agents.get(agentPublicKey);
  }

  async lock(_: Sql, agentPublicKey: string): Promise<AgentRow | undefined> {
    return this.tables.agents.get(agentPublicKey);
  }

  async revoke(sql: Sql, agentPublicKey: string, now: bigint): Promise<void> {
    this.change(sql, agentPublicKey, { revokedAtNs: now });
  }

  async listeningAccount(_: Sql, agentPublicKey: string): Promise<string | undefined> {
    const agent = this.tables.agents.get(agentPublicKey);
    return agent?.revokedAtNs === null && !agent.polls ? agent.accountPublicKey : undefined;
  }

  async polls(_: Sql, agentPublicKey: string): Promise<boolean> {
    return this.tables.agents.get(agentPublicKey)?.polls === true;
  }

  async stopPolling(sql: Sql, agentPublicKey: string): Promise<void> {
    this.change(sql, agentPublicKey, { polls: false });
  }

  async isNewestObservation(_: Sql, agentPublicKey: string, atNs: bigint): Promise<boolean> {
    const agent = this.tables.agents.get(agentPublicKey);
    return agent !== undefined && agent.observedAtNs < atNs;
  }

  async noteObservation(sql: Sql, agentPublicKey: string, _: number, atNs: bigint): Promise<void> {
    if (await this.isNewestObservation(sql, agentPublicKey, atNs)) {
      this.change(sql, agentPublicKey, { observedAtNs: atNs });
    }
  }

  noteUnknownMachines(): Promise<void> {
    return this.database.read();
  }

  private change(sql: Sql, agentPublicKey: string, changes: Partial<StoredAgent>): void {
    const agent = this.tables.agents.get(agentPublicKey);
    if (agent) transactionOf(sql).put(this.tables.agents, agentPublicKey, { ...agent, ...changes });
  }
}

/** When agents were heard last, and what they said. */
export class HeartbeatsInMemory implements Pick<HeartbeatStore, keyof HeartbeatStore> {
  constructor(
    private readonly database: Database,
    private readonly tables: AgentsTables,
  ) {}

  hear(heartbeats: readonly Heartbeat[]): Promise<void> {
    return this.database.transaction((tx) => {
      for (const { agentPublicKey, heardAtNs, resources, ...said } of heartbeats) {
        const agent = this.tables.agents.get(agentPublicKey);
        if (!agent || agent.revokedAtNs !== null || (agent.lastHeartbeatNs ?? 0n) >= heardAtNs) continue;
        const { version, activeContracts, freeSlots } = said;
        tx.put(this.tables.agents, agentPublicKey, {
          ...agent,
          ...{ version, activeContracts, freeSlots, polls: false },
          provisionerTypes: [...said.provisionerTypes],
          resources: resources ?? agent.resources,
          lastHeartbeatNs: heardAtNs,
        });
      }
    });
  }

  async hearPolling(): Promise<undefined> {
    throw new Error('agents that poll are not simulated');
  }
}

/** Agents as the coordinator weighs them up. */
export class CandidatesInMemory implements Pick<CandidateStore, keyof CandidateStore> {
  constructor(private readonly tables: AgentsTables) {}

  async inPools(
    _: Sql,
    providerPublicKey: string,
    poolIds: readonly string[],
    now: bigint,
  ): Promise<Candidate[]> {
    return [...this.tables.agents.values()]
      .filter(
        (agent) =>
          agent.poolId !== null &&
          poolIds.includes(agent.poolId) &&
          agent.providerPublicKey === providerPublicKey &&
          isActive(agent, now) &&
          agent.permissions.includes('provision') &&
          agent.lastHeartbeatNs !== null,
      )
      .map((agent) => ({
        ...agent,
        freeSlots: agent.polls ? POLLING_SLOTS : agent.freeSlots,
        offeredSince: this.offeredSince(agent),
      }));
  }

  async lockAndCountOpen(_: Sql, agentPublicKey: string): Promise<number> {
    return this.tables.machinesAt(agentPublicKey).filter(isOpen).length;
  }

  async atWork(_: Sql, agentPublicKey: string, contractId: string): Promise<AgentAtWork> {
    const agent = this.tables.agents.get(agentPublicKey);
    if (!agent) throw new Error(`machine of the unknown agent ${agentPublicKey}`);
    const isMaking = this.tables
      .machinesAt(agentPublicKey)
      .some((machine) => isOpen(machine) && machine.state === 'claimed' && machine.contractId !== contractId);
    return { ...agent, isMaking };
  }

  private offeredSince({ agentPublicKey, polls, lastHeartbeatNs }: StoredAgent): number {
    return this.tables
      .machinesAt(agentPublicKey)
      .filter((machine) => isOpen(machine) && (polls || machine.offeredAtNs >= (lastHeartbeatNs ?? 0n)))
      .length;
  }
}

/** All that an agent shall have; what is not listed is no command, so the list is cut now and then. */
export class SnapshotsInMemory implements Pick<SnapshotStore, keyof SnapshotStore> {
  constructor(
    private readonly database: Database,
    private readonly tables: AgentsTables,
  ) {}

  async of(
    agentPublicKey: string,
    { mostMachines }: { readonly mostMachines: number },
    now: bigint,
  ): Promise<SnapshotRow> {
    await this.database.read();
    const { kernel, faults } = this.database;
    const listed = this.tables
      .machinesAt(agentPublicKey)
      .filter((machine) => machine.state !== 'gone' && isListed(machine, now))
      .sort((a, b) => a.desired.localeCompare(b.desired) || Number(b.offeredAtNs - a.offeredAtNs));
    const isCut = faults.hits('snapshot-cut', agentPublicKey.slice(0, 8));
    const machines = isCut ? listed.filter(() => kernel.random.chance(0.5)) : listed;
    return {
      version: this.tables.agents.get(agentPublicKey)?.desiredVersion ?? 0n,
      rival: undefined,
      machines: machines.slice(0, mostMachines).map((machine) => this.desired(machine)),
    };
  }

  /** One that is made again has the port of the one before. */
  private desired({
    contractId,
    generation,
    desired,
    agentPublicKey,
    ...made
  }: StoredMachine): ListedMachine {
    const assignment = this.tables.assignments.get(contractId);
    if (!assignment) throw new Error(`machine of the unknown contract ${contractId}`);
    const { deadlineNs, endsAtNs, spec, encryptionPublicKeys } = assignment;
    const before = this.tables
      .machinesOf(contractId)
      .findLast((one) => one.agentPublicKey === agentPublicKey && one.instance !== null);
    const sshPort = (made.instance ?? before?.instance)?.sshPort ?? null;
    return { contractId, generation, desired, deadlineNs, endsAtNs, spec, encryptionPublicKeys, sshPort };
  }
}

const isListed = ({ desired, madeByPolling, leaseExpiresAtNs }: StoredMachine, now: bigint): boolean =>
  desired === 'absent' || !(madeByPolling || (leaseExpiresAtNs ?? 0n) > now);
