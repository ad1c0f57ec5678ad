import { secondsToNs } from '@decent-cloud/kernel';
import type { Sql } from '@decent-cloud/postgres';
import type { AssignmentStore as Store } from '../../agents/src/coordination/assignment/assignment.store.ts';
import {
  AssignmentChanges,
  type PaidTime,
} from '../../agents/src/coordination/assignment/assignment-changes.ts';
import { isRemovalDue } from '../../agents/src/coordination/assignment/domain/next-step.ts';
import type {
  Assignment,
  AssignmentChange,
  Machine,
  MachineChange,
} from '../../agents/src/coordination/assignment/rows.ts';
import { ONLINE_SECONDS } from '../../agents/src/registry/agent/domain/liveness.ts';
import {
  type AgentsTables,
  nulls,
  type StoredAgent,
  type StoredAssignment,
  type StoredMachine,
} from './agents-tables.ts';
import { type Database, transactionOf, UniqueViolation } from './database.ts';

/** The columns' defaults: all that is known of a contract that ended before it was heard of. */
const EMPTY = {
  ...nulls('providerPublicKey', 'providerAccountId', 'tenantPublicKey', 'tenantAccountId', 'agentPoolId'),
  ...nulls('datacenterCountry', 'spec', 'waitingSinceNs', 'retryAgent', 'dueAtNs', 'removedAtNs'),
  ...nulls('endsAtNs', 'downSinceNs'),
  ...{ generation: 0, encryptionPublicKeys: [], deadlineNs: 0n },
  ...{ availabilityVersion: 0, downNs: 0n, paidTimeVersion: 0 },
};
const NEW_MACHINE = {
  ...nulls('outcome', 'externalId', 'settledAtNs', 'absentSinceNs', 'nextCommandAtNs', 'lostAtNs'),
  ...nulls('instance', 'leaseExpiresAtNs', 'toldToGoAtNs'),
  ...({ desired: 'running', state: 'offered', availability: 'up' } as const),
  ...{ commandsGiven: 0, madeByPolling: false },
};

/** The coordinator's store without its SQL: what changes mean is the real store's. */
export class AssignmentsInMemory extends AssignmentChanges implements Pick<Store, keyof Store> {
  constructor(
    private readonly database: Database,
    private readonly tables: AgentsTables,
    /** Told when an attempt is over. */
    private readonly onOutcome: (outcome: Machine['outcome']) => void,
  ) {
    super();
  }

  insert: Store['insert'] = async (sql, assignment, now) =>
    this.add(sql, { ...EMPTY, ...assignment, state: 'waiting', waitingSinceNs: now, dueAtNs: now });

  /** What its columns have no default for, is read as null there, too. */
  insertEnded: Store['insertEnded'] = async (sql, contractId) =>
    this.add(sql, { ...EMPTY, contractId, state: 'ended' } as unknown as StoredAssignment);

  async lock(_: Sql, contractId: string): Promise<Assignment | undefined> {
    return this.tables.assignments.get(contractId);
  }

  lockDue: Store['lockDue'] = async (_, contractId, now) => {
    const assignment = this.tables.assignments.get(contractId);
    return assignment && isDue(assignment, now) ? assignment : undefined;
  };

  due: Store['due'] = async (now, agentWaitNs, limit) => {
    await this.database.read();
    const { assignments, agents } = this.tables;
    const providers = [...agents.values()]
      .filter(
        (agent) => isHeard(agent, now - secondsToNs(ONLINE_SECONDS)) && (agent.polls || agent.freeSlots > 0),
      )
      .map(({ providerPublicKey }) => providerPublicKey);
    return [...assignments.values()]
      .filter(
        (assignment) =>
          isDue(assignment, now) &&
          (assignment.state !== 'waiting' ||
            assignment.deadlineNs <= now ||
            (assignment.waitingSinceNs ?? now) <= now - agentWaitNs ||
            providers.includes(assignment.providerPublicKey)),
      )
      .sort((a, b) => Number((a.dueAtNs ?? 0n) - (b.dueAtNs ?? 0n)))
      .slice(0, limit)
      .map(({ contractId }) => contractId);
  };

  async change(sql: Sql, contractId: string, changes: AssignmentChange): Promise<void> {
    const { failureReason: _, ...set } = changes;
    const assignment = this.tables.assignments.get(contractId);
    if (assignment) transactionOf(sql).put(this.tables.assignments, contractId, { ...assignment, ...set });
  }

  machines: Store['machines'] = async (_, contractId) => [...this.tables.machinesOf(contractId)];

  listenerOf: Store['listenerOf'] = async (_, { contractId, generation }) => {
    const machine = this.tables.machinesOf(contractId).find((one) => one.generation === generation);
    const agent = machine && this.tables.agents.get(machine.agentPublicKey);
    if (machine?.desired !== 'running' || agent?.revokedAtNs !== null || agent.polls) return undefined;
    const { agentPublicKey, accountPublicKey: account } = agent;
    return { agentPublicKey, account, sshPort: machine.instance?.sshPort ?? null };
  };

  runningAt: Store['runningAt'] = async (_, key) =>
    this.tables
      .machinesAt(key)
      .filter(({ desired, state }) => desired === 'running' && state === 'provisioned')
      .map(({ contractId }) => contractId)
      .sort();

  machinesOfAgent: Store['machinesOfAgent'] = async (_, key, limit) =>
    this.tables
      .machinesAt(key)
      .filter(({ state }) => state !== 'gone')
      .sort((a, b) => a.desired.localeCompare(b.desired))
      .slice(0, limit);

  machinesOfContracts: Store['machinesOfContracts'] = async (_, key, contractIds) =>
    this.tables.machinesAt(key).filter(({ contractId }) => contractIds.includes(contractId));

  removalsDue: Store['removalsDue'] = async (now, heardSince, limit) => {
    await this.database.read();
    const due = [...this.tables.machines.values()]
      .flat()
      .filter(
        (one) => isRemovalDue(one, now) && isHeard(this.tables.agents.get(one.agentPublicKey), heardSince),
      );
    return [...new Set(due.map(({ contractId }) => contractId))].slice(0, limit);
  };

  protected async writeMachine(
    sql: Sql,
    { contractId, generation }: Machine,
    changes: MachineChange,
    now: bigint,
  ): Promise<void> {
    if (changes.outcome !== undefined) this.onOutcome(changes.outcome);
    this.putMachines(
      sql,
      contractId,
      this.tables
        .machinesOf(contractId)
        .map((machine) =>
          machine.generation === generation ? { ...machine, ...changes, updatedAtNs: now } : machine,
        ),
    );
  }

  protected async writeNewMachine(
    sql: Sql,
    { contractId, generation, agentPublicKey }: Pick<Machine, 'contractId' | 'generation' | 'agentPublicKey'>,
    now: bigint,
  ): Promise<void> {
    const machines = this.tables.machinesOf(contractId);
    if (machines.some((machine) => machine.generation === generation)) {
      throw new UniqueViolation('machine_pkey');
    }
    const identity = { contractId, generation, agentPublicKey };
    const machine = { ...NEW_MACHINE, ...identity, offeredAtNs: now, updatedAtNs: now };
    this.putMachines(sql, contractId, [...machines, machine]);
  }

  protected async writePaidTime(sql: Sql, { contractId, version, endsAtNs }: PaidTime): Promise<boolean> {
    const known = this.tables.assignments.get(contractId);
    if (!known || known.paidTimeVersion >= version) return false;
    transactionOf(sql).put(this.tables.assignments, contractId, {
      ...known,
      endsAtNs,
      paidTimeVersion: version,
    });
    return true;
  }

  protected async raiseVersion(sql: Sql, agentPublicKey: string): Promise<void> {
    const agent = this.tables.agents.get(agentPublicKey);
    if (!agent) return;
    const desiredVersion = agent.desiredVersion + 1n;
    transactionOf(sql).put(this.tables.agents, agentPublicKey, { ...agent, desiredVersion });
  }

  protected async raiseVersions(sql: Sql, contractId: string): Promise<void> {
    const living = this.tables.machinesOf(contractId).filter(({ state }) => state !== 'gone');
    for (const key of new Set(living.map(({ agentPublicKey }) => agentPublicKey))) {
      await this.raiseVersion(sql, key);
    }
  }

  private add(sql: Sql, assignment: StoredAssignment): boolean {
    const { assignments } = this.tables;
    if (assignments.get(assignment.contractId)) return false;
    transactionOf(sql).put(assignments, assignment.contractId, assignment);
    return true;
  }

  private putMachines(sql: Sql, contractId: string, machines: readonly StoredMachine[]): void {
    transactionOf(sql).put(this.tables.machines, contractId, machines);
  }
}

const isHeard = (agent: StoredAgent | undefined, since: bigint): boolean =>
  agent?.revokedAtNs === null && (agent.lastHeartbeatNs ?? 0n) > since;
const isDue = ({ dueAtNs }: Assignment, now: bigint): boolean => dueAtNs !== null && dueAtNs <= now;
