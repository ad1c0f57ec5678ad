import type { VerbInput } from '@decent-cloud/messages';
import { reportPassword } from '@decent-cloud/messages/agents/polling';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { requireSpeaker } from '../../registry/agent/speakers.ts';
import { sealPassword } from './seal-password.ts';
import { WaitingActions } from './waiting-actions.ts';

@Answers(reportPassword)
export class ReportPassword implements Verb<typeof reportPassword> {
  constructor(private readonly waiting: WaitingActions) {}

  async run({ params, body }: VerbInput<typeof reportPassword>, { caller, now }: VerbContext) {
    const speaker = requireSpeaker(caller, 'provision');
    await this.waiting.finish(
      speaker,
      params.id,
      'reset-password',
      ({ encryptionPublicKeys }) => sealPassword(params.id, encryptionPublicKeys, body.newPassword),
      now,
    );
    return 'Password updated successfully';
  }
}
