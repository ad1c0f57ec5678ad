import { Refusal } from '@decent-cloud/kernel';
import { enqueue, factMessage } from '@decent-cloud/outbox';
import { Database, isUniqueViolation, type Sql } from '@decent-cloud/postgres';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { type ContractsSettings, limitsOf } from '../settings.ts';
import { SELECTED } from './contract.rows.ts';
import { writingOf } from './contract.writing.ts';
import { type Advanced, advance, andThen, open } from './domain/advance.ts';
import type { Change, Contract, Limits } from './domain/contract.ts';

export type Decide = (contract: Contract) => Change | undefined;

export const contractNotFound = (): Refusal =>
  new Refusal('NOT_FOUND', 'CONTRACT_NOT_FOUND', 'Contract not found');

const SAME_ID_ATTEMPTS = 5;

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
    const [contract] = await this.database.query<Contract>(
      `select ${SELECTED} from contract c where contract_id = $1`,
      [contractId],
    );
    if (!contract) throw contractNotFound();
    return contract;
  }

  async findByOperation(operationId: string): Promise<Contract | undefined> {
    const [contract] = await this.database.query<Contract>(
      `select ${SELECTED} from contract c where operation_id = $1`,
      [operationId],
    );
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
        return await this.database.transaction(async (sql) => {
          let advanced = open(contract, this.limits);
          const change = firstChange(advanced.contract);
          if (change) advanced = andThen(advanced, change, now, this.limits);
          await this.write(sql, advanced, now, undefined);
          return advanced.contract;
        });
      } catch (error) {
        if (isUniqueViolation(error, 'contract_operation')) {
          const first = await this.findByOperation(contract.operationId);
          if (first) return first;
        }
        if (!isUniqueViolation(error, 'contract_pkey') || attempt + 1 >= SAME_ID_ATTEMPTS) throw error;
      }
    }
  }

  /** Changes a contract in a transaction of its own. A repeat of the same operation finds it done. */
  change(contractId: string, decide: Decide, now: bigint, operationId?: string): Promise<Contract> {
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
    const [before] = await sql.query<Contract>(
      `select ${SELECTED} from contract c where contract_id = $1 for update`,
      [contractId],
    );
    if (!before) throw contractNotFound();
    let advanced: Advanced;
    try {
      const change = decide(before);
      if (!change) return before;
      advanced = advance(before, change, now, this.limits);
    } catch (error) {
      const refused = error instanceof Refusal && error.code === 'CONFLICT';
      if (refused && operationId && (await this.wasDone(sql, contractId, operationId))) return before;
      throw error;
    }
    await this.write(sql, advanced, now, operationId);
    return advanced.contract;
  }

  private async wasDone(sql: Sql, contractId: string, operationId: string): Promise<boolean> {
    const rows = await sql.query(
      'select 1 from contract_status_history where operation_id = $1 and contract_id = $2',
      [operationId, contractId],
    );
    return rows.length > 0;
  }

  private async write(
    sql: Sql,
    advanced: Advanced,
    now: bigint,
    operationId: string | undefined,
  ): Promise<void> {
    const { text, values } = writingOf(advanced, now, operationId);
    const [row] = await sql.query<{ written: bigint }>(text, values);
    if (row?.written !== 1n) {
      throw new Error(`contract ${advanced.contract.contractId} changed under its lock`);
    }
    const said = advanced.facts.map(({ declaration, payload }) => factMessage(declaration, payload as never));
    await enqueue(sql, said, now);
  }
}
