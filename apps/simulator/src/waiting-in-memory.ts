import type { Contract } from '../../contracts/src/contract/domain/contract.ts';
import type {
  Position,
  WaitingContractsStore,
} from '../../contracts/src/contract/waiting-contracts.store.ts';
import type { ContractTables } from './contracts-in-memory.ts';
import type { Database } from './database.ts';

/** What the reconcilers of contracts look for, without its SQL. */
export class WaitingInMemory implements Pick<WaitingContractsStore, keyof WaitingContractsStore> {
  constructor(
    private readonly database: Database,
    private readonly tables: ContractTables,
  ) {}

  overdue(now: bigint, after: Position, limit: number): Promise<Contract[]> {
    return this.inOrder(after, limit, ({ deadlineAtNs, paymentStatus }) =>
      deadlineAtNs !== null && deadlineAtNs <= now && paymentStatus !== 'pending' ? deadlineAtNs : undefined,
    );
  }

  unpaid(createdBefore: bigint, after: Position, limit: number): Promise<Contract[]> {
    return this.inOrder(after, limit, ({ deadlineAtNs, paymentStatus, createdAtNs }) =>
      deadlineAtNs !== null && paymentStatus === 'pending' && createdAtNs <= createdBefore
        ? createdAtNs
        : undefined,
    );
  }

  /** Nobody keeps them here. */
  async eraseCredentials(): Promise<number> {
    return 0;
  }

  private async inOrder(
    after: Position,
    limit: number,
    atOf: (contract: Contract) => bigint | undefined,
  ): Promise<Contract[]> {
    await this.database.read();
    const found: { readonly atNs: bigint; readonly contractId: string; readonly contract: Contract }[] = [];
    for (const contract of this.tables.contracts.values()) {
      const atNs = atOf(contract);
      const { contractId } = contract;
      if (atNs !== undefined && compare(after, { atNs, contractId }) < 0)
        found.push({ atNs, contractId, contract });
    }
    return found
      .sort(compare)
      .slice(0, limit)
      .map(({ contract }) => contract);
  }
}

function compare(left: Position, right: Position): number {
  if (left.atNs !== right.atNs) return left.atNs < right.atNs ? -1 : 1;
  if (left.contractId === right.contractId) return 0;
  return left.contractId < right.contractId ? -1 : 1;
}
