import { OUTBOX } from '@decent-cloud/outbox';
import { Database, type Sql } from '@decent-cloud/postgres';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { ContractsSettings } from '../settings.ts';
import { contractRow, contractRowToChange, SELECTED } from './contract.rows.ts';
import { ContractChanges, contractNotFound, type Read, type Writing } from './contract-changes.ts';
import { writingOf } from './contract-writing.store.ts';
import type { Contract } from './domain/contract.ts';

export { contractNotFound, type Decide } from './contract-changes.ts';

const FIND = `select ${SELECTED} from contract c where contract_id = $1`;
const FIND_BY_OPERATION = `select ${SELECTED} from contract c where operation_id = $1`;
const LIVING =
  'select operation_id from contract where operation_id = any($1::uuid[]) and deadline_at_ns is not null';
const FIND_TO_CHANGE = `select ${contractRowToChange.selectFrom('c')} from contract c where contract_id = $1`;
const LOCK_TO_CHANGE = `${FIND_TO_CHANGE} for update`;

/** Contracts and what is written beside them. The only place that writes a status. */
@Injectable()
export class ContractStore extends ContractChanges {
  constructor(
    private readonly database: Database,
    @Inject(SETTINGS) settings: ContractsSettings,
  ) {
    super(settings);
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

  /** Those of these operations whose contract lives. */
  async livingOperations(operationIds: readonly string[]): Promise<string[]> {
    const rows = await this.database.query<{ operation_id: string }>(LIVING, [operationIds]);
    return rows.map((row) => row.operation_id);
  }

  /** For what is written beside a contract: one after the other, and before anything that refers to it. */
  async lock(sql: Sql, contractId: string): Promise<void> {
    const rows = await sql.query('select 1 from contract where contract_id = $1 for update', [contractId]);
    if (rows.length === 0) throw contractNotFound();
  }

  protected read(contractId: string): Promise<Read> {
    return this.readToChange(this.database, FIND_TO_CHANGE, contractId);
  }

  protected readLocked(sql: Sql, contractId: string): Promise<Read> {
    return this.readToChange(sql, LOCK_TO_CHANGE, contractId);
  }

  protected async wasDone(sql: Sql, contractId: string, operationId: string): Promise<boolean> {
    const rows = await sql.query(
      'select 1 from contract_status_history where operation_id = $1 and contract_id = $2',
      [operationId, contractId],
    );
    return rows.length > 0;
  }

  protected async writeAlone(writing: Writing): Promise<boolean> {
    const { text, values } = writingOf(writing);
    const [row] = await this.database.write<Written>(text, values, OUTBOX);
    return row?.written === 1n;
  }

  protected async writeIn(sql: Sql, writing: Writing): Promise<boolean> {
    const { text, values } = writingOf(writing);
    const [row] = await sql.query<Written>(text, values);
    if (writing.advanced.facts.length > 0) sql.signal(OUTBOX);
    return row?.written === 1n;
  }

  protected inTransaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }

  private async readToChange(sql: Sql, statement: string, contractId: string): Promise<Read> {
    const [row] = await contractRowToChange.query(sql, statement, [contractId]);
    if (!row) throw contractNotFound();
    const { readAs, ...contract } = row;
    return { contract, readAs };
  }
}

interface Written {
  written: bigint;
}
