import type { VerbInput } from '@decent-cloud/messages';
import { listInvitations } from '@decent-cloud/messages/accounts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { InvitationStore } from './invitation.store.ts';

@Answers(listInvitations)
export class ListInvitations implements Verb<typeof listInvitations> {
  constructor(private readonly invitations: InvitationStore) {}

  async run({ params }: VerbInput<typeof listInvitations>, { caller }: VerbContext) {
    requireUser(caller);
    return await this.invitations.receivedBy(params.pubkey);
  }
}
