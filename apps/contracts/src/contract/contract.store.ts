import { Refusal } from '@decent-cloud/kernel';
import { OUTBOX } from '@decent-cloud/outbox';
import { Database, isUniqueViolation, type Sql } from '@decent-cloud/postgres';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { type ContractsSettings, limitsOf } from '../settings.ts';
import { contractRow, contractRowToChange, SELECTED } from './contract.rows.ts';
import { type Statement, writingOf } from './contract-writing.store.ts';
import { type Advanced, advance, andThen, open } from './domain/advance.ts';
import type { Change, Contract, Limits } from './domain/contract.ts';
import { withSteps } from './domain/steps/steps-changed.ts';

export type Decide = (contract: Contract) => Change | undefined;

export const contractNotFound = (): Refusal =>
  new Refusal('NOT_FOUND', 'CONTRACT_NOT_FOUND', 'Contract not found');

const SAME_ID_ATTEMPTS = 5;

const FIND = `select ${SELECTED} from contract c where contract_id = $1`;
const FIND_BY_OPERATION = `select ${SELECTED} from contract c where operation_id = $1`;
const FIND_TO_CHANGE = `select ${contractRowToChange.selectFrom('c')} from contract c where contract_id = $1`;
const LOCK_TO_CHANGE = `${FIND_TO_CHANGE} for update`;

/** What is read of a contract to change it. */
interface Read {
  readonly contract: Contract;
  readonly readAs: string;
}

const readOf = ({ readAs, ...contract }: Contract & { readonly readAs: string }): Read => ({
  contract,
  readAs,
});

/** Contracts and what is written beside them. The only place that writes a status. */
@Injectable()
export class ContractStore {
  private readonly limits: Limits;

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS) settings: ContractsSettings,
  ) {
    this.limits = limitsOf(settings);
  }

  /** How long a new request waits for its money. */
  get requestedNs(): bigint {
    return this.limits.requestedNs;
  }

  async find(contractId: string): Promise<Contract> {
    const [contract] = await contractRow.query(this.database, FIND, [contractId]);
    if (!contract) throw contractNotFound();
    return contract;
  }

  async findByOperation(operationId: string): Promise<Contract | undefined> {
    const [contract] = await contractRow.query(this.database, FIND_BY_OPERATION, [operationId]);
    return contract;
  }

  /**
   * Writes a new contract, with a first change to it if there is one. `make` gives it another id on each attempt.
   * A second one of the same operation is not made: the first is given back.
   */
  async insert(make: (attempt: number) => Contract, firstChange: Decide, now: bigint): Promise<Contract> {
    for (let attempt = 0; ; attempt++) {
      const contract = make(attempt);
      try {
        let advanced = open(contract, this.limits);
        const change = firstChange(advanced.contract);
        if (change) advanced = andThen(advanced, change, now, this.limits);
        await this.writeAlone(writingOf(withSteps(advanced, now), undefined, now, undefined));
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
  async change(contractId: string, decide: Decide, now: bigint, operationId?: string): Promise<Contract> {
    const { contract, readAs } = await this.read(this.database, FIND_TO_CHANGE, contractId);
    let advanced: Advanced | undefined;
    try {
      const change = decide(contract);
      if (!change) return contract;
      advanced = withSteps(advance(contract, change, now, this.limits), now);
    } catch (error) {
      if (!isConflict(error) || operationId === undefined) throw error;
    }
    if (advanced && (await this.writeAlone(writingOf(advanced, readAs, now, operationId)))) {
      return advanced.contract;
    }
    return this.database.transaction((sql) => this.changeIn(sql, contractId, decide, now, operationId));
  }

  /** Row lock, decision, table, guards; then contract, history, events and outbox together. */
  async changeIn(
    sql: Sql,
    contractId: string,
    decide: Decide,
    now: bigint,
    operationId?: string,
  ): Promise<Contract> {
    const { contract, readAs } = await this.read(sql, LOCK_TO_CHANGE, contractId);
    let advanced: Advanced;
    try {
      const change = decide(contract);
      if (!change) return contract;
      advanced = withSteps(advance(contract, change, now, this.limits), now);
    } catch (error) {
      if (isConflict(error) && operationId && (await this.wasDone(sql, contractId, operationId)))
        return contract;
      throw error;
    }
    const { text, values } = writingOf(advanced, readAs, now, operationId);
    const [row] = await sql.query<Written>(text, values);
    if (row?.written !== 1n) throw new Error(`contract ${contractId} changed under its lock`);
    if (advanced.facts.length > 0) sql.signal(OUTBOX);
    return advanced.contract;
  }

  private async read(sql: Sql, statement: string, contractId: string): Promise<Read> {
    const [row] = await contractRowToChange.query(sql, statement, [contractId]);
    if (!row) throw contractNotFound();
    return readOf(row);
  }

  /** For what is written beside a contract: one after the other, and before anything that refers to it. */
  async lock(sql: Sql, contractId: string): Promise<void> {
    const rows = await sql.query('select 1 from contract where contract_id = $1 for update', [contractId]);
    if (rows.length === 0) throw contractNotFound();
  }

  private async wasDone(sql: Sql, contractId: string, operationId: string): Promise<boolean> {
    const rows = await sql.query(
      'select 1 from contract_status_history where operation_id = $1 and contract_id = $2',
      [operationId, contractId],
    );
    return rows.length > 0;
  }

  private async writeAlone({ text, values }: Statement): Promise<boolean> {
    const [row] = await this.database.write<Written>(text, values, OUTBOX);
    return row?.written === 1n;
  }
}

const isConflict = (error: unknown): boolean => error instanceof Refusal && error.code === 'CONFLICT';

interface Written {
  written: bigint;
}
