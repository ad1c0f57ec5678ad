import type { VerbInput } from '@decent-cloud/messages';
import { resetPassword } from '@decent-cloud/messages/contracts';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { MachineActions } from './machine-actions.ts';

@Answers(resetPassword)
export class ResetPassword implements Verb<typeof resetPassword> {
  constructor(private readonly actions: MachineActions) {}

  async run({ params }: VerbInput<typeof resetPassword>, context: VerbContext): Promise<string> {
    await this.actions.request(params.id, { kind: 'reset-password' }, context);
    return 'Password reset requested. The provider will reset the password shortly.';
  }
}
