import { Refusal } from '@decent-cloud/kernel';
import { isUniqueViolation, type Sql } from '@decent-cloud/postgres';
import { type ContractsSettings, limitsOf } from '../settings.ts';
import { type Advanced, advance, andThen, open } from './domain/advance.ts';
import type { Change, Contract, Limits } from './domain/contract.ts';
import { withSteps } from './domain/steps/steps-changed.ts';

export type Decide = (contract: Contract) => Change | undefined;

export const contractNotFound = (): Refusal =>
  new Refusal('NOT_FOUND', 'CONTRACT_NOT_FOUND', 'Contract not found');

const SAME_ID_ATTEMPTS = 5;

/** What is read of a contract to change it. */
export interface Read {
  readonly contract: Contract;
  /** Tells the row that was read from every one that is written later. */
  readonly readAs: string;
}

/** What is written of a contract, all of it or nothing. */
export interface Writing {
  readonly advanced: Advanced;
  /** Absent for a new one. */
  readonly readAs: string | undefined;
  readonly nowNs: bigint;
  readonly operationId: string | undefined;
}

/** How contracts come to be and change, wherever they are kept: in a database, or in a simulation's memory. */
export abstract class ContractChanges {
  private readonly limits: Limits;

  constructor(settings: ContractsSettings) {
    this.limits = limitsOf(settings);
  }

  /** @throws Refusal NOT_FOUND */
  abstract find(contractId: string): Promise<Contract>;
  abstract findByOperation(operationId: string): Promise<Contract | undefined>;

  /** @throws Refusal NOT_FOUND */
  protected abstract read(contractId: string): Promise<Read>;
  /** The row stays as it is until the transaction ends. @throws Refusal NOT_FOUND */
  protected abstract readLocked(sql: Sql, contractId: string): Promise<Read>;
  protected abstract wasDone(sql: Sql, contractId: string, operationId: string): Promise<boolean>;
  /** A transaction of its own. False, and nothing is written: the contract is no longer the row that was read. */
  protected abstract writeAlone(writing: Writing): Promise<boolean>;
  protected abstract writeIn(sql: Sql, writing: Writing): Promise<boolean>;
  protected abstract inTransaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;

  /** How long a new request waits for its money. */
  get requestedNs(): bigint {
    return this.limits.requestedNs;
  }

  /**
   * Writes a new contract, with a first change to it if there is one. `make` gives it another id on each attempt.
   * A second one of the same operation is not made: the first is given back.
   */
  async insert(make: (attempt: number) => Contract, firstChange: Decide, nowNs: bigint): Promise<Contract> {
    for (let attempt = 0; ; attempt++) {
      const contract = make(attempt);
      try {
        let advanced = open(contract, this.limits);
        const change = firstChange(advanced.contract);
        if (change) advanced = andThen(advanced, change, nowNs, this.limits);
        advanced = withSteps(advanced, nowNs);
        await this.writeAlone({ advanced, readAs: undefined, nowNs, operationId: undefined });
        return advanced.contract;
      } catch (error) {
        if (isUniqueViolation(error, 'contract_operation')) {
          const first = await this.findByOperation(contract.operationId);
          if (first) return first;
        }
        if (!isUniqueViolation(error, 'contract_pkey') || attempt + 1 >= SAME_ID_ATTEMPTS) throw error;
      }
    }
  }

  /**
   * Changes a contract in a transaction of its own. A repeat of the same operation finds it done.
   * Nearly always nobody else changes it meanwhile: read and write need no lock between them. Else it is done under the lock.
   */
  async change(contractId: string, decide: Decide, nowNs: bigint, operationId?: string): Promise<Contract> {
    const { contract, readAs } = await this.read(contractId);
    let advanced: Advanced | undefined;
    try {
      advanced = this.advanced(contract, decide, nowNs);
      if (!advanced) return contract;
    } catch (error) {
      if (!isConflict(error) || operationId === undefined) throw error;
    }
    if (advanced && (await this.writeAlone({ advanced, readAs, nowNs, operationId })))
      return advanced.contract;
    return this.inTransaction((sql) => this.changeIn(sql, contractId, decide, nowNs, operationId));
  }

  /** Row lock, decision, table, guards; then contract, history, events and outbox together. */
  async changeIn(
    sql: Sql,
    contractId: string,
    decide: Decide,
    nowNs: bigint,
    operationId?: string,
  ): Promise<Contract> {
    const { contract, readAs } = await this.readLocked(sql, contractId);
    let advanced: Advanced | undefined;
    try {
      advanced = this.advanced(contract, decide, nowNs);
      if (!advanced) return contract;
    } catch (error) {
      if (isConflict(error) && operationId && (await this.wasDone(sql, contractId, operationId)))
        return contract;
      throw error;
    }
    const isWritten = await this.writeIn(sql, { advanced, readAs, nowNs, operationId });
    if (!isWritten) throw new Error(`contract ${contractId} changed under its lock`);
    return advanced.contract;
  }

  private advanced(contract: Contract, decide: Decide, nowNs: bigint): Advanced | undefined {
    const change = decide(contract);
    return change && withSteps(advance(contract, change, nowNs, this.limits), nowNs);
  }
}

const isConflict = (error: unknown): boolean => error instanceof Refusal && error.code === 'CONFLICT';
