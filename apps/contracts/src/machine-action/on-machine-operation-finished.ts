import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { MachineActions } from './machine-actions.ts';

@Reacts(facts.machineOperationFinished)
export class OnMachineOperationFinished implements Reaction<typeof facts.machineOperationFinished> {
  constructor(private readonly actions: MachineActions) {}

  async react(
    fact: FactPayload<typeof facts.machineOperationFinished>,
    { sql, now }: ReactionContext,
  ): Promise<void> {
    await this.actions.finished(sql, fact, now);
  }
}
