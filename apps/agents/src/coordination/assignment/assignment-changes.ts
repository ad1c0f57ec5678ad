import { Refusal } from '@decent-cloud/kernel';
import type { Sql } from '@decent-cloud/postgres';
import type { Attempt } from './domain/attempt.ts';
import type { Assignment, AssignmentChange, Machine, MachineChange } from './rows.ts';

/** The end of the paid time, by the newest word of the contract. */
export interface PaidTime {
  readonly contractId: string;
  readonly version: number;
  readonly endsAtNs: bigint;
}

/**
 * What changes of a contract's machines mean for the list that their agents go by, wherever it is kept: in a database,
 * or in a simulation's memory. Every change of what an agent is to have raises the list's version.
 */
export abstract class AssignmentChanges {
  abstract lock(sql: Sql, contractId: string): Promise<Assignment | undefined>;
  abstract change(sql: Sql, contractId: string, changes: AssignmentChange, now: bigint): Promise<void>;

  protected abstract writeMachine(
    sql: Sql,
    machine: Machine,
    changes: MachineChange,
    now: bigint,
  ): Promise<void>;
  protected abstract writeNewMachine(
    sql: Sql,
    machine: Pick<Machine, 'contractId' | 'generation' | 'agentPublicKey'>,
    now: bigint,
  ): Promise<void>;
  /** False, and nothing is written: it is older than what is known, or of no contract here. */
  protected abstract writePaidTime(sql: Sql, paid: PaidTime, now: bigint): Promise<boolean>;
  protected abstract raiseVersion(sql: Sql, agentPublicKey: string): Promise<void>;
  /** Of every agent that has a machine of this contract which is not confirmed as gone. */
  protected abstract raiseVersions(sql: Sql, contractId: string): Promise<void>;

  /** A machine is offered to an agent. */
  async insertMachine(
    sql: Sql,
    machine: Pick<Machine, 'contractId' | 'generation' | 'agentPublicKey'>,
    now: bigint,
  ): Promise<void> {
    await this.writeNewMachine(sql, machine, now);
    await this.raiseVersion(sql, machine.agentPublicKey);
  }

  async changeMachine(sql: Sql, machine: Machine, changes: MachineChange, now: bigint): Promise<void> {
    await this.writeMachine(sql, machine, changes, now);
    if (changes.desired !== undefined || changes.state === 'gone') {
      await this.raiseVersion(sql, machine.agentPublicKey);
    }
  }

  /** The newest word on the end of the paid time counts. False when it is older than what is known, or of no contract here. */
  async setPaidTime(sql: Sql, paid: PaidTime, now: bigint): Promise<boolean> {
    if (!(await this.writePaidTime(sql, paid, now))) return false;
    await this.raiseVersions(sql, paid.contractId);
    return true;
  }

  /** From now on every machine that is made for the contract lets this key in. */
  async setSshKey(sql: Sql, contractId: string, sshPublicKey: string, now: bigint): Promise<void> {
    // Contracts that had ended before they were heard of have no specification.
    const spec: Assignment['spec'] | null | undefined = (await this.lock(sql, contractId))?.spec;
    if (spec) await this.change(sql, contractId, { spec: { ...spec, sshPublicKeys: [sshPublicKey] } }, now);
    await this.raiseVersions(sql, contractId);
  }
}

export const attemptsOf = (machines: readonly Machine[]): Attempt[] =>
  machines.map(({ agentPublicKey, outcome, settledAtNs }) => ({ agentPublicKey, outcome, settledAtNs }));

export const contractNotFound = (): Refusal =>
  new Refusal('NOT_FOUND', 'CONTRACT_NOT_FOUND', 'Contract not found');
