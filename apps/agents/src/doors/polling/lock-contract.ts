import { Refusal, secondsToNs } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { lockContract } from '@decent-cloud/messages/agents/polling';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { AssignmentStore } from '../../coordination/assignment/assignment.store.ts';
import { LEASE_SECONDS } from '../../coordination/choosing/domain/polling.ts';
import { requirePolling } from '../../registry/agent/speakers.ts';
import { isCurrent, PolledMachines } from './polled-machines.ts';

/** A lock is a claim: the contract was given to this agent, and it begins. */
@Answers(lockContract)
export class LockContract implements Verb<typeof lockContract> {
  constructor(
    private readonly polled: PolledMachines,
    private readonly store: AssignmentStore,
  ) {}

  run({ params }: VerbInput<typeof lockContract>, { caller, now }: VerbContext) {
    const agent = requirePolling(caller, 'provision', params.pubkey);
    return this.polled.withContract(agent, params.contract_id, async (inHand) => {
      const { sql, assignment, machines, own } = inHand;
      if (
        assignment.state === 'ended' ||
        assignment.state === 'failed' ||
        assignment.state === 'provisioned'
      ) {
        const text = `Contract cannot be locked any more: its machine is ${assignment.state}`;
        throw new Refusal('CONFLICT', 'TRANSITION_NOT_ALLOWED', text);
      }
      if (!own || !isCurrent(inHand)) {
        return {
          success: true as const,
          data: { acquired: false, expiresAtNs: machines.at(-1)?.leaseExpiresAtNs ?? 0n },
          error: 'Contract already locked by another agent',
        };
      }
      const expiresAtNs = now + secondsToNs(LEASE_SECONDS);
      await this.polled.tell(sql, own, { kind: 'claimed' }, now);
      await this.store.changeMachine(sql, own, { leaseExpiresAtNs: expiresAtNs }, now);
      return { success: true as const, data: { acquired: true, expiresAtNs } };
    });
  }
}
