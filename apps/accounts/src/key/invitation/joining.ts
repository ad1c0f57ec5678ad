import { facts, requests } from '@decent-cloud/messages';
import { emitFact } from '@decent-cloud/outbox';
import type { Sql } from '@decent-cloud/postgres';
import { Bus } from '@decent-cloud/runtime';
import { Injectable } from '@nestjs/common';
import { assertRoomForKey, keyTaken } from '../domain/key-rules.ts';
import type { KeyRow } from '../domain/key-view.ts';
import { KeyStore } from '../key.store.ts';
import { assertOwnsNothing } from './domain/holdings.ts';
import { InvitationStore } from './invitation.store.ts';

const TIMEOUT_MS = 5_000;
const ASKED = [
  requests.holdingsOfKeyInOfferings,
  requests.holdingsOfKeyInContracts,
  requests.holdingsOfKeyInPayments,
  requests.holdingsOfKeyInNotifications,
  requests.holdingsOfKeyInAgents,
];

/** A key becomes one of an account, which has invited it, by a request that the key has signed. */
@Injectable()
export class Joining {
  constructor(
    private readonly bus: Bus,
    private readonly keys: KeyStore,
    private readonly invitations: InvitationStore,
  ) {}

  /** @throws Refusal CONFLICT when something hangs on the key, UNAVAILABLE when a service cannot say. */
  async requireOwnsNothing(publicKey: string, requestId: string): Promise<void> {
    const answers = await Promise.all(
      ASKED.map((request) =>
        this.bus.ask(request, { body: { publicKey } }, { requestId, timeoutMs: TIMEOUT_MS }),
      ),
    );
    assertOwnsNothing(answers.flatMap(({ holdings }) => holdings));
  }

  /**
   * The account's row is locked, and the key belongs to none. Undefined when there is no invitation (any more).
   * @throws Refusal when the key got an account meanwhile, or this one is full.
   */
  async join(sql: Sql, accountId: string, publicKey: string, now: bigint): Promise<KeyRow | undefined> {
    const invitation = await this.invitations.find(sql, accountId, publicKey);
    if (!invitation) return undefined;
    const { id, deviceName, operationId } = invitation;
    await this.invitations.remove(sql, accountId, id);
    assertRoomForKey(await this.keys.count(sql, accountId));
    const key = await this.keys.insert(sql, { id, accountId, publicKey, deviceName, operationId }, now);
    if (!key) throw keyTaken();
    await emitFact(sql, facts.keyAdded, { accountId, publicKey, atNs: now }, now);
    return key;
  }
}
