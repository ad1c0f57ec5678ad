import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { MachineActions } from './machine-actions.ts';

@Reacts(facts.machineOperationRequested)
export class OnMachineOperationRequested implements Reaction<typeof facts.machineOperationRequested> {
  constructor(private readonly actions: MachineActions) {}

  async react(fact: FactPayload<typeof facts.machineOperationRequested>, { sql, now }: ReactionContext) {
    await this.actions.begin(sql, fact, now);
  }
}
