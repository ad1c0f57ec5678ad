import { Refusal } from '@decent-cloud/kernel';
import { Database, type Sql } from '@decent-cloud/postgres';
import type { User, VerbContext } from '@decent-cloud/runtime';
import { Injectable } from '@nestjs/common';
import { InvitationStore } from './invitation/invitation.store.ts';
import { Joining } from './invitation/joining.ts';
import { KeyStore, type Owner } from './key.store.ts';

export interface OwnerRequest {
  readonly username: string;
  readonly user: User;
  /** The endpoint's own text for whoever is not the owner. */
  readonly notYours: string;
  readonly context: Pick<VerbContext, 'requestId' | 'now'>;
}

/** What the owner of an account does to it, with the account's row locked. */
@Injectable()
export class OwnedAccounts {
  constructor(
    private readonly database: Database,
    private readonly keys: KeyStore,
    private readonly invitations: InvitationStore,
    private readonly joining: Joining,
  ) {}

  /**
   * Shipped clients know no other way to accept an invitation than to act as the owner: the key joins by that, together
   * with the work, if it owns nothing.
   * @throws Refusal NOT_FOUND, FORBIDDEN, or CONFLICT for an invited key that owns something.
   */
  async act<T>(request: OwnerRequest, work: (sql: Sql, owner: Owner) => Promise<T>): Promise<T> {
    const { username, user, context } = request;
    const isInvited = await this.invitations.isOpen(username, user.publicKey);
    if (isInvited) await this.joining.requireOwnsNothing(user.publicKey, context.requestId);
    return this.database.transaction(async (sql) => work(sql, await this.lockOwned(sql, request, isInvited)));
  }

  private async lockOwned(sql: Sql, request: OwnerRequest, mayJoin: boolean): Promise<Owner> {
    const { username, user, notYours, context } = request;
    const { accountId, keyId } = await this.keys.lockAccount(sql, username, user.publicKey);
    if (keyId !== undefined) return { accountId, keyId };
    const joined = mayJoin ? await this.joining.join(sql, accountId, user.publicKey, context.now) : undefined;
    if (!joined) throw new Refusal('FORBIDDEN', 'NOT_OWNER', notYours);
    return { accountId, keyId: joined.id };
  }
}
