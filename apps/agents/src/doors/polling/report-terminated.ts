import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { reportTerminated } from '@decent-cloud/messages/agents/polling';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { requirePolling } from '../../registry/agent/speakers.ts';
import { PolledMachines } from './polled-machines.ts';

/** The agent knows contracts, not attempts: none of its attempts at this one is there any more. */
@Answers(reportTerminated)
export class ReportTerminated implements Verb<typeof reportTerminated> {
  constructor(private readonly polled: PolledMachines) {}

  run({ params }: VerbInput<typeof reportTerminated>, { caller, now }: VerbContext) {
    const agent = requirePolling(caller, 'provision', params.pubkey);
    return this.polled.withContract(agent, params.contract_id, async ({ sql, machines, own }) => {
      if (own?.desired !== 'absent') {
        throw new Refusal('CONFLICT', 'TRANSITION_NOT_ALLOWED', 'The machine is not to be terminated');
      }
      for (const machine of machines.filter((one) => one.agentPublicKey === agent.publicKey)) {
        await this.polled.tell(sql, machine, { kind: 'terminated' }, now);
      }
      return true;
    });
  }
}
