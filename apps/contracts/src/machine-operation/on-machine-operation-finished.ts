import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { MachineOperations } from './machine-operations.ts';

@Reacts(facts.machineOperationFinished)
export class OnMachineOperationFinished implements Reaction<typeof facts.machineOperationFinished> {
  constructor(private readonly operations: MachineOperations) {}

  async react(
    fact: FactPayload<typeof facts.machineOperationFinished>,
    { sql, now }: ReactionContext,
  ): Promise<void> {
    await this.operations.finished(sql, fact, now);
  }
}
