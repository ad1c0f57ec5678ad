import type { VerbInput } from '@decent-cloud/messages';
import { rotateSshKey } from '@decent-cloud/messages/contracts';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { sshPublicKeyOf } from '../contract/domain/ssh-public-key.ts';
import { MachineActions } from './machine-actions.ts';

@Answers(rotateSshKey)
export class RotateSshKey implements Verb<typeof rotateSshKey> {
  constructor(private readonly actions: MachineActions) {}

  async run({ params, body }: VerbInput<typeof rotateSshKey>, context: VerbContext): Promise<string> {
    const sshPublicKey = sshPublicKeyOf(body.newSshPubkey);
    await this.actions.request(params.id, { kind: 'rotate-ssh-key', sshPublicKey }, context);
    return 'SSH key rotation requested. The provider will inject the new key shortly.';
  }
}
