import { NS_PER_SECOND, Refusal } from '@decent-cloud/kernel';
import type { Advanced } from '../../contracts/src/contract/domain/advance.ts';
import type { Change, Contract, Limits } from '../../contracts/src/contract/domain/contract.ts';
import { ContractTables } from './contracts-in-memory.ts';
import type { Transaction } from './database.ts';
import type { Rules } from './rules.ts';

/** As in the real service, but shorter where people are waited for. */
export const LIMITS: Limits = {
  requestedNs: 600n * NS_PER_SECOND,
  pendingNs: 600n * NS_PER_SECOND,
  responseNs: 900n * NS_PER_SECOND,
  provisioningNs: 600n * NS_PER_SECOND,
  settleInNs: 900n * NS_PER_SECOND,
};

export type Decide = (contract: Contract) => Change | undefined;

/** Contracts and what is written beside them. */
export class ContractRows extends ContractTables {
  constructor(
    private readonly rules: Rules['contracts'],
    /** Steps are for people only and cost much: in some worlds they are not said. */
    private readonly saysSteps: boolean,
  ) {
    super();
  }

  mustFind(contractId: string): Contract {
    const contract = this.contracts.get(contractId);
    if (!contract) throw new Refusal('NOT_FOUND', 'CONTRACT_NOT_FOUND', 'Contract not found');
    return contract;
  }

  changeIn(
    tx: Transaction,
    contractId: string,
    decide: Decide,
    operationId?: string,
    now = tx.now,
  ): Contract {
    const before = this.mustFind(contractId);
    let advanced: Advanced;
    try {
      const change = decide(before);
      if (!change) return before;
      advanced = this.told(this.rules.advance(before, change, now, LIMITS), now);
    } catch (error) {
      const refused = error instanceof Refusal && error.code === 'CONFLICT';
      const wasDone = this.history.get(contractId)?.some((row) => row.operationId === operationId);
      if (refused && operationId && wasDone) return before;
      throw error;
    }
    this.write(tx, advanced, operationId);
    return advanced.contract;
  }

  told(advanced: Advanced, now: bigint): Advanced {
    return this.saysSteps ? this.rules.withSteps(advanced, now) : advanced;
  }

  write(tx: Transaction, advanced: Advanced, operationId: string | undefined): void {
    const { contract, before } = advanced;
    const { contractId } = contract;
    const atNs = contract.statusUpdatedAtNs;
    const rows = advanced.history.map((entry, index) => ({
      ...entry,
      atNs,
      operationId: index === 0 ? operationId : undefined,
    }));
    tx.put(this.contracts, contractId, contract);
    if (!before) tx.put(this.byOperation, contract.operationId, contractId);
    tx.put(this.history, contractId, [...(this.history.get(contractId) ?? []), ...rows]);
    for (const fact of advanced.facts) tx.say(fact);
  }
}
