import { Refusal, randomId } from '@decent-cloud/kernel';
import { type AnswerInput, facts, requests } from '@decent-cloud/messages';
import { emitFact } from '@decent-cloud/outbox';
import { Database, type Sql } from '@decent-cloud/postgres';
import { Answers, requireService, SETTINGS, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { KeyStore } from '../key/key.store.ts';
import { requireSafeKey } from '../key/require-safe-key.ts';
import type { AccountsSettings } from '../settings.ts';
import { type AccountOfKey, AccountStore } from './account.store.ts';
import { firstFree, type Placeholder, placeholdersFor } from './domain/placeholder.ts';

/** Each try is lost only to another account that took the same free name in the same moment. */
const MAX_TRIES = 20;

/** The key got an account in the meantime. */
class KeyHeldMeanwhile extends Error {}

@Answers(requests.ensureAccount)
export class EnsureAccount implements Verb<typeof requests.ensureAccount> {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountStore,
    private readonly keys: KeyStore,
    @Inject(SETTINGS) private readonly settings: AccountsSettings,
  ) {}

  async run(
    { body }: { body: { publicKey: string } },
    { caller, operationId, now }: VerbContext,
  ): Promise<AnswerInput<typeof requests.ensureAccount>> {
    requireService(caller);
    const known = await this.accounts.findOfKey(body.publicKey);
    if (known) return show(known, false);
    requireSafeKey(body.publicKey);
    const created = await this.create(body.publicKey, operationId, now);
    const account = await this.accounts.findOfKey(body.publicKey);
    if (!account) throw new Error(`key ${body.publicKey} has no account right after it got one`);
    return show(account, created);
  }

  /** False when somebody else made it. */
  private async create(publicKey: string, operationId: string, now: bigint): Promise<boolean> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const candidates = placeholdersFor(publicKey, randomId().slice(0, 8));
      const taken = await this.accounts.takenOf(
        candidates.map((candidate) => candidate.username),
        candidates.map((candidate) => candidate.email),
      );
      const free = firstFree(candidates, taken);
      if (!free) continue;
      try {
        const make = (sql: Sql) => this.make(sql, free, publicKey, operationId, now);
        if (await this.database.transaction(make)) return true;
      } catch (error) {
        if (error instanceof KeyHeldMeanwhile) return false;
        throw error;
      }
      if (await this.accounts.findOfKey(publicKey)) return false;
    }
    throw new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'No free name for a new account: try again');
  }

  private async make(
    sql: Sql,
    name: Placeholder,
    publicKey: string,
    operationId: string,
    now: bigint,
  ): Promise<boolean> {
    const id = randomId();
    const emailVerified = this.settings.ENVIRONMENT !== 'prod';
    if (!(await this.accounts.insert(sql, { id, ...name, emailVerified, autoCreated: true }, now)))
      return false;
    const key = { id: randomId(), accountId: id, publicKey, operationId };
    if (!(await this.keys.insert(sql, key, now))) throw new KeyHeldMeanwhile();
    await emitFact(
      sql,
      facts.accountRegistered,
      { accountId: id, username: name.username, publicKey, atNs: now },
      now,
    );
    await emitFact(sql, facts.keyAdded, { accountId: id, publicKey, atNs: now }, now);
    return true;
  }
}

function show(account: AccountOfKey, created: boolean): AnswerInput<typeof requests.ensureAccount> {
  if (!account.isActive) throw new Refusal('FORBIDDEN', 'KEY_DISABLED', 'This key was disabled');
  const { accountId, username, email, emailVerified, activePublicKeys } = account;
  return {
    accountId,
    username,
    email: account.autoCreated ? undefined : email,
    emailVerified,
    activePublicKeys,
    created,
  };
}
