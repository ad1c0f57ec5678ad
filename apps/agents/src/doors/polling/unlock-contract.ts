import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { unlockContract } from '@decent-cloud/messages/agents/polling';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { AssignmentStore } from '../../coordination/assignment/assignment.store.ts';
import { requirePolling } from '../../registry/agent/speakers.ts';
import { PolledMachines } from './polled-machines.ts';

/** Of a machine that is not made yet: the agent sees it as pending again. */
@Answers(unlockContract)
export class UnlockContract implements Verb<typeof unlockContract> {
  constructor(
    private readonly polled: PolledMachines,
    private readonly store: AssignmentStore,
  ) {}

  run({ params }: VerbInput<typeof unlockContract>, { caller, now }: VerbContext) {
    const agent = requirePolling(caller, 'provision', params.pubkey);
    return this.polled.withContract(agent, params.contract_id, async ({ sql, own }) => {
      if (!own) {
        throw new Refusal('CONFLICT', 'TRANSITION_NOT_ALLOWED', 'Contract is not locked by this agent');
      }
      if (own.leaseExpiresAtNs !== null) {
        await this.store.changeMachine(sql, own, { leaseExpiresAtNs: null }, now);
      }
      return true;
    });
  }
}
