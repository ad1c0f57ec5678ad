import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { AssignmentStore } from '../assignment/assignment.store.ts';
import { Coordinator } from './coordinator.ts';

/** A lost machine is made again, by whichever agent can; should it turn up, it is to go. */
@Reacts(facts.machineWantedAgain)
export class OnMachineWantedAgain implements Reaction<typeof facts.machineWantedAgain> {
  constructor(
    private readonly store: AssignmentStore,
    private readonly coordinator: Coordinator,
  ) {}

  async react(
    { contractId, generation, deadlineNs }: FactPayload<typeof facts.machineWantedAgain>,
    { sql, now }: ReactionContext,
  ): Promise<void> {
    const assignment = await this.store.lock(sql, contractId);
    if (assignment?.state !== 'provisioned' || assignment.generation !== generation) return;
    const machine = (await this.store.machines(sql, contractId)).find((one) => one.generation === generation);
    // It is back in the meantime, which the contract hears by itself.
    if (machine?.availability !== 'lost' || machine.desired !== 'running') return;
    await this.store.change(sql, contractId, { deadlineNs }, now);
    await this.coordinator.close(sql, machine, 'lost', now);
    await this.coordinator.assign(
      sql,
      { ...assignment, state: 'waiting', waitingSinceNs: null, deadlineNs },
      now,
    );
  }
}
