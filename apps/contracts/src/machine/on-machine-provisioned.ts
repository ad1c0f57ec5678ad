import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { machineProvisioned } from '../contract/domain/machine.ts';

@Reacts(facts.machineProvisioned)
export class OnMachineProvisioned implements Reaction<typeof facts.machineProvisioned> {
  constructor(private readonly store: ContractStore) {}

  async react(
    fact: FactPayload<typeof facts.machineProvisioned>,
    { sql, now }: ReactionContext,
  ): Promise<void> {
    await this.store.changeIn(
      sql,
      fact.contractId,
      (contract) => machineProvisioned(contract, fact, now),
      now,
    );
  }
}
