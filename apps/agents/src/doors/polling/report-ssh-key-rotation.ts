import type { VerbInput } from '@decent-cloud/messages';
import { reportSshKeyRotation } from '@decent-cloud/messages/agents/polling';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { requireSpeaker } from '../../registry/agent/speakers.ts';
import { WaitingActions } from './waiting-actions.ts';

@Answers(reportSshKeyRotation)
export class ReportSshKeyRotation implements Verb<typeof reportSshKeyRotation> {
  constructor(private readonly waiting: WaitingActions) {}

  async run({ params }: VerbInput<typeof reportSshKeyRotation>, { caller, now }: VerbContext) {
    const speaker = requireSpeaker(caller, 'provision');
    await this.waiting.finish(speaker, params.id, 'rotate-ssh-key', () => [], now);
    return 'SSH key rotation completed successfully';
  }
}
