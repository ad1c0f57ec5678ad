import type { VerbInput } from '@decent-cloud/messages';
import { listPendingSshKeyRotations } from '@decent-cloud/messages/agents/polling';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { requireSpeakerOf } from '../../registry/agent/speakers.ts';
import { showWaiting, WaitingActions } from './waiting-actions.ts';

@Answers(listPendingSshKeyRotations)
export class ListPendingSshKeyRotations implements Verb<typeof listPendingSshKeyRotations> {
  constructor(private readonly waiting: WaitingActions) {}

  async run({ params }: VerbInput<typeof listPendingSshKeyRotations>, { caller, requestId }: VerbContext) {
    const speaker = requireSpeakerOf(caller, 'fetch_contracts', params.pubkey);
    return (await this.waiting.list(speaker, 'rotate-ssh-key', requestId)).map(showWaiting);
  }
}
