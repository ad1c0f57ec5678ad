import type { Sql } from '@decent-cloud/postgres';
import type { ContractStore } from '../../contracts/src/contract/contract.store.ts';
import {
  ContractChanges,
  contractNotFound,
  type Read,
  type Writing,
} from '../../contracts/src/contract/contract-changes.ts';
import type { HistoryEntry } from '../../contracts/src/contract/domain/advance.ts';
import type { Contract } from '../../contracts/src/contract/domain/contract.ts';
import type { ContractsSettings } from '../../contracts/src/settings.ts';
import { type Database, Table, type Transaction, transactionOf, UniqueViolation } from './database.ts';

export interface HistoryRow extends HistoryEntry {
  readonly atNs: bigint;
  readonly operationId: string | undefined;
}

export class ContractTables {
  readonly contracts = new Table<string, Contract>();
  readonly byOperation = new Table<string, string>();
  readonly history = new Table<string, readonly HistoryRow[]>();

  findByOperation(operationId: string): Contract | undefined {
    const contractId = this.byOperation.get(operationId);
    return contractId === undefined ? undefined : this.contracts.get(contractId);
  }
}

export interface ContractMutations {
  /** A change is written though the contract has changed since it was read. */
  readonly writesWhatWasRead: boolean;
}

/** The contracts' store without its SQL: what changes and what must hold then is the real store's. */
export class ContractsInMemory extends ContractChanges implements Pick<ContractStore, keyof ContractStore> {
  /** Told of every new contract, as people see it in their lists. */
  onCreated: (contract: Contract) => void = () => undefined;
  private readonly names = new WeakMap<Contract, string>();
  private named = 0;

  constructor(
    private readonly database: Database,
    private readonly tables: ContractTables,
    settings: ContractsSettings,
    private readonly mutant: ContractMutations,
  ) {
    super(settings);
  }

  async find(contractId: string): Promise<Contract> {
    return (await this.read(contractId)).contract;
  }

  async findByOperation(operationId: string): Promise<Contract | undefined> {
    await this.database.read();
    return this.tables.findByOperation(operationId);
  }

  async livingOperations(operationIds: readonly string[]): Promise<string[]> {
    await this.database.read();
    return operationIds.filter((operationId) => {
      const contract = this.tables.findByOperation(operationId);
      return contract !== undefined && contract.deadlineAtNs !== null;
    });
  }

  async lock(_: Sql, contractId: string): Promise<void> {
    this.readNow(contractId);
  }

  protected async read(contractId: string): Promise<Read> {
    await this.database.read();
    return this.readNow(contractId);
  }

  protected async readLocked(_: Sql, contractId: string): Promise<Read> {
    return this.readNow(contractId);
  }

  protected async wasDone(_: Sql, contractId: string, operationId: string): Promise<boolean> {
    return this.tables.history.get(contractId)?.some((row) => row.operationId === operationId) === true;
  }

  protected writeAlone(writing: Writing): Promise<boolean> {
    return this.database.transaction((tx) => this.write(tx, writing));
  }

  protected async writeIn(sql: Sql, writing: Writing): Promise<boolean> {
    return this.write(transactionOf(sql), writing);
  }

  protected inTransaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }

  private readNow(contractId: string): Read {
    const contract = this.tables.contracts.get(contractId);
    if (!contract) throw contractNotFound();
    return { contract, readAs: this.nameOf(contract) };
  }

  private write(tx: Transaction, { advanced, readAs, nowNs, operationId }: Writing): boolean {
    const { contract, before, history, facts } = advanced;
    const { contractId } = contract;
    const { tables } = this;
    const known = tables.contracts.get(contractId);
    if (!before) this.assertNew(contract);
    else if (!known || (this.nameOf(known) !== readAs && !this.mutant.writesWhatWasRead)) return false;
    const rows = history.map((entry, index) => ({
      ...entry,
      atNs: nowNs,
      operationId: index === 0 ? operationId : undefined,
    }));
    tx.put(tables.contracts, contractId, contract);
    if (!before) tx.put(tables.byOperation, contract.operationId, contractId);
    tx.put(tables.history, contractId, [...(tables.history.get(contractId) ?? []), ...rows]);
    for (const fact of facts) tx.say(fact);
    if (!before) this.onCreated(contract);
    return true;
  }

  private assertNew({ contractId, operationId }: Contract): void {
    if (this.tables.byOperation.get(operationId)) throw new UniqueViolation('contract_operation');
    if (this.tables.contracts.get(contractId)) throw new UniqueViolation('contract_pkey');
  }

  /** Another one for every row that was ever written. */
  private nameOf(contract: Contract): string {
    let name = this.names.get(contract);
    if (name === undefined) {
      name = String(++this.named);
      this.names.set(contract, name);
    }
    return name;
  }
}
