import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { machineRemoved } from '../contract/domain/machine.ts';

@Reacts(facts.machineRemoved)
export class OnMachineRemoved implements Reaction<typeof facts.machineRemoved> {
  constructor(private readonly store: ContractStore) {}

  async react(fact: FactPayload<typeof facts.machineRemoved>, { sql, now }: ReactionContext): Promise<void> {
    await this.store.changeIn(sql, fact.contractId, (contract) => machineRemoved(contract, fact), now);
  }
}
