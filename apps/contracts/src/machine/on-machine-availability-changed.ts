import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { machineAvailabilityChanged } from '../contract/domain/machine-availability.ts';

@Reacts(facts.machineAvailabilityChanged)
export class OnMachineAvailabilityChanged implements Reaction<typeof facts.machineAvailabilityChanged> {
  constructor(private readonly store: ContractStore) {}

  async react(
    fact: FactPayload<typeof facts.machineAvailabilityChanged>,
    { sql, now }: ReactionContext,
  ): Promise<void> {
    await this.store.changeIn(
      sql,
      fact.contractId,
      (contract) => machineAvailabilityChanged(contract, fact, now),
      now,
    );
  }
}
