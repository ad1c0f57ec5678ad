import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { machineAssigned } from '../contract/domain/machine.ts';

@Reacts(facts.machineAssigned)
export class OnMachineAssigned implements Reaction<typeof facts.machineAssigned> {
  constructor(private readonly store: ContractStore) {}

  async react(fact: FactPayload<typeof facts.machineAssigned>, { sql, now }: ReactionContext): Promise<void> {
    await this.store.changeIn(sql, fact.contractId, (contract) => machineAssigned(contract, fact), now);
  }
}
