import type { Assignment, Machine } from '../../agents/src/coordination/assignment/rows.ts';
import type { AgentRow } from '../../agents/src/registry/agent/agent.store.ts';
import { Table } from './database.ts';

export interface StoredAssignment extends Assignment {
  /** By which version of the contract the end of the paid time is known. */
  readonly paidTimeVersion: number;
}
export interface StoredMachine extends Machine {
  readonly offeredAtNs: bigint;
}
export interface StoredAgent extends AgentRow {
  readonly accountPublicKey: string;
  readonly polls: boolean;
  readonly freeSlots: number;
  /** Raised by every change of what it is to have. */
  readonly desiredVersion: bigint;
  /** When its newest observation was made. */
  readonly observedAtNs: bigint;
}
export interface StoredPool {
  readonly poolId: string;
  readonly providerPublicKey: string;
  readonly location: string;
  readonly provisionerType: string;
}

/** Columns in which nothing is. */
export const nulls = <Name extends string>(...names: readonly Name[]): Record<Name, null> =>
  Object.fromEntries(names.map((name) => [name, null])) as Record<Name, null>;

/** All that the agents service keeps, as far as it is simulated. */
export class AgentsTables {
  readonly agents = new Table<string, StoredAgent>();
  readonly assignments = new Table<string, StoredAssignment>();
  /** By contract, oldest first. */
  readonly machines = new Table<string, readonly StoredMachine[]>();
  readonly pools: StoredPool[] = [];

  machinesOf(contractId: string): readonly StoredMachine[] {
    return this.machines.get(contractId) ?? [];
  }

  machinesAt(agentPublicKey: string): StoredMachine[] {
    return [...this.machines.values()].flatMap((machines) =>
      machines.filter((machine) => machine.agentPublicKey === agentPublicKey),
    );
  }

  addAgent(
    agent: Pick<StoredAgent, 'agentPublicKey' | 'accountPublicKey' | 'providerPublicKey' | 'poolId'>,
  ): void {
    this.agents.rows.set(agent.agentPublicKey, {
      ...agent,
      ...nulls(
        'label',
        'expiresAtNs',
        'revokedAtNs',
        'instanceId',
        'lastHeartbeatNs',
        'version',
        'resources',
      ),
      ...{ permissions: ['provision', 'heartbeat'], createdAtNs: 0n, provisionerTypes: [], polls: false },
      ...{ activeContracts: 0, freeSlots: 0, desiredVersion: 0n, observedAtNs: 0n },
    });
  }
}
