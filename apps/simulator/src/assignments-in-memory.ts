import { secondsToNs } from '@decent-cloud/kernel';
import type { Sql } from '@decent-cloud/postgres';
import type { AssignmentStore } from '../../agents/src/coordination/assignment/assignment.store.ts';
import {
  AssignmentChanges,
  type PaidTime,
} from '../../agents/src/coordination/assignment/assignment-changes.ts';
import type {
  Assignment,
  AssignmentChange,
  Machine,
  MachineChange,
  NewAssignment,
} from '../../agents/src/coordination/assignment/rows.ts';
import { ONLINE_SECONDS } from '../../agents/src/registry/agent/domain/liveness.ts';
import type { AgentsTables, StoredAgent, StoredAssignment, StoredMachine } from './agents-tables.ts';
import { type Database, transactionOf, UniqueViolation } from './database.ts';

/** The columns' defaults: all that is known of a contract that ended before it was heard of. */
const EMPTY: Omit<StoredAssignment, 'contractId' | 'state'> = {
  generation: 0,
  providerPublicKey: null as unknown as string,
  providerAccountId: null,
  tenantPublicKey: null,
  tenantAccountId: null,
  agentPoolId: null,
  datacenterCountry: null as unknown as string,
  spec: null as unknown as Assignment['spec'],
  encryptionPublicKeys: [],
  deadlineNs: 0n,
  waitingSinceNs: null,
  retryAgent: null,
  dueAtNs: null,
  removedAtNs: null,
  endsAtNs: null,
  availabilityVersion: 0,
  downSinceNs: null,
  downNs: 0n,
  paidTimeVersion: 0,
};
const NEW_MACHINE = {
  desired: 'running',
  state: 'offered',
  outcome: null,
  externalId: null,
  settledAtNs: null,
  absentSinceNs: null,
  commandsGiven: 0,
  nextCommandAtNs: null,
  lostAtNs: null,
  availability: 'up',
  instance: null,
  leaseExpiresAtNs: null,
  madeByPolling: false,
  toldToGoAtNs: null,
} as const;

/** The coordinator's store without its SQL: what changes mean is the real store's. */
export class AssignmentsInMemory
  extends AssignmentChanges
  implements Pick<AssignmentStore, keyof AssignmentStore>
{
  constructor(
    private readonly database: Database,
    private readonly tables: AgentsTables,
    /** Told when an attempt is over. */
    private readonly onOutcome: (outcome: Machine['outcome']) => void,
  ) {
    super();
  }

  async insert(sql: Sql, assignment: NewAssignment, now: bigint): Promise<boolean> {
    const waiting = { state: 'waiting', waitingSinceNs: now, dueAtNs: now } as const;
    return this.add(sql, { ...EMPTY, ...assignment, ...waiting });
  }

  async insertEnded(sql: Sql, contractId: string): Promise<boolean> {
    return this.add(sql, { ...EMPTY, contractId, state: 'ended' });
  }

  async lock(_: Sql, contractId: string): Promise<Assignment | undefined> {
    return this.tables.assignments.get(contractId);
  }

  async lockDue(_: Sql, contractId: string, now: bigint): Promise<Assignment | undefined> {
    const assignment = this.tables.assignments.get(contractId);
    return assignment && isDue(assignment, now) ? assignment : undefined;
  }

  async due(now: bigint, agentWaitNs: bigint, limit: number): Promise<string[]> {
    await this.database.read();
    const { assignments, agents } = this.tables;
    const mayHaveRoom = ({ revokedAtNs, lastHeartbeatNs, polls, freeSlots }: StoredAgent) =>
      revokedAtNs === null &&
      (lastHeartbeatNs ?? 0n) > now - secondsToNs(ONLINE_SECONDS) &&
      (polls || freeSlots > 0);
    const providers = new Set(
      [...agents.values()].filter(mayHaveRoom).map(({ providerPublicKey }) => providerPublicKey),
    );
    return [...assignments.values()]
      .filter(
        (assignment) =>
          isDue(assignment, now) &&
          (assignment.state !== 'waiting' ||
            assignment.deadlineNs <= now ||
            (assignment.waitingSinceNs ?? now) <= now - agentWaitNs ||
            providers.has(assignment.providerPublicKey)),
      )
      .sort((a, b) => Number((a.dueAtNs ?? 0n) - (b.dueAtNs ?? 0n)))
      .slice(0, limit)
      .map(({ contractId }) => contractId);
  }

  async change(
    sql: Sql,
    contractId: string,
    { failureReason: _, ...changes }: AssignmentChange,
  ): Promise<void> {
    const assignment = this.tables.assignments.get(contractId);
    if (assignment)
      transactionOf(sql).put(this.tables.assignments, contractId, { ...assignment, ...changes });
  }

  async machines(_: Sql, contractId: string): Promise<Machine[]> {
    return [...this.tables.machinesOf(contractId)];
  }

  async listenerOf(
    _: Sql,
    { contractId, generation }: Pick<Machine, 'contractId' | 'generation'>,
  ): Promise<{ agentPublicKey: string; account: string; sshPort: number | null } | undefined> {
    const machine = this.tables.machinesOf(contractId).find((one) => one.generation === generation);
    const agent = machine && this.tables.agents.get(machine.agentPublicKey);
    if (machine?.desired !== 'running' || !agent || agent.revokedAtNs !== null || agent.polls)
      return undefined;
    const { agentPublicKey, accountPublicKey: account } = agent;
    return { agentPublicKey, account, sshPort: machine.instance?.sshPort ?? null };
  }

  async runningAt(_: Sql, agentPublicKey: string): Promise<string[]> {
    return this.tables
      .machinesAt(agentPublicKey)
      .filter(({ desired, state }) => desired === 'running' && state === 'provisioned')
      .map(({ contractId }) => contractId)
      .sort();
  }

  async machinesOfAgent(_: Sql, agentPublicKey: string, limit: number): Promise<Machine[]> {
    return this.tables
      .machinesAt(agentPublicKey)
      .filter(({ state }) => state !== 'gone')
      .sort((a, b) => a.desired.localeCompare(b.desired))
      .slice(0, limit);
  }

  async machinesOfContracts(
    _: Sql,
    agentPublicKey: string,
    contractIds: readonly string[],
  ): Promise<Machine[]> {
    return this.tables
      .machinesAt(agentPublicKey)
      .filter(({ contractId }) => contractIds.includes(contractId));
  }

  async removalsDue(now: bigint, heardSince: bigint, limit: number): Promise<string[]> {
    await this.database.read();
    const isHeard = ({ agentPublicKey }: Machine) => {
      const agent = this.tables.agents.get(agentPublicKey);
      return agent?.revokedAtNs === null && (agent.lastHeartbeatNs ?? 0n) > heardSince;
    };
    const due = [...this.tables.machines.values()]
      .flat()
      .filter(
        (machine) =>
          machine.desired === 'absent' &&
          machine.state !== 'gone' &&
          machine.nextCommandAtNs !== null &&
          machine.nextCommandAtNs <= now &&
          isHeard(machine),
      );
    return [...new Set(due.map(({ contractId }) => contractId))].slice(0, limit);
  }

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

const isDue = ({ dueAtNs }: Assignment, now: bigint): boolean => dueAtNs !== null && dueAtNs <= now;
