import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { Operations } from './operations.ts';

@Reacts(facts.machineOperationRequested)
export class OnMachineOperationRequested implements Reaction<typeof facts.machineOperationRequested> {
  constructor(private readonly operations: Operations) {}

  async react(fact: FactPayload<typeof facts.machineOperationRequested>, { sql, now }: ReactionContext) {
    await this.operations.begin(sql, fact, now);
  }
}
