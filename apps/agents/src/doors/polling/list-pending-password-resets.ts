import type { VerbInput } from '@decent-cloud/messages';
import { listPendingPasswordResets } from '@decent-cloud/messages/agents/polling';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { requireSpeakerOf } from '../../registry/agent/speakers.ts';
import { showWaiting, WaitingActions } from './waiting-actions.ts';

@Answers(listPendingPasswordResets)
export class ListPendingPasswordResets implements Verb<typeof listPendingPasswordResets> {
  constructor(private readonly waiting: WaitingActions) {}

  async run({ params }: VerbInput<typeof listPendingPasswordResets>, { caller, requestId }: VerbContext) {
    const speaker = requireSpeakerOf(caller, 'fetch_contracts', params.pubkey);
    const listed = await this.waiting.list(speaker, 'reset-password', requestId);
    return listed.map((one) => ({
      ...showWaiting(one),
      requester_pubkey: one.contract.tenantPublicKey ?? '',
      provider_pubkey: one.contract.providerPublicKey,
      offering_id: one.contract.spec.offeringId,
      status: one.state.status,
      ...(one.state.endsAtNs !== undefined && { end_timestamp_ns: one.state.endsAtNs }),
      password_reset_requested_at_ns: one.action.requestedAtNs,
    }));
  }
}
