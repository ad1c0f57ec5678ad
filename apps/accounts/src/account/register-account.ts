import { Refusal, randomId } from '@decent-cloud/kernel';
import { type AnswerInput, facts } from '@decent-cloud/messages';
import { registerAccount } from '@decent-cloud/messages/accounts';
import { emitFact } from '@decent-cloud/outbox';
import { Database, isUniqueViolation, type Sql } from '@decent-cloud/postgres';
import { Answers, requireUser, SETTINGS, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { keyTaken } from '../key/domain/key-rules.ts';
import { KeyStore } from '../key/key.store.ts';
import { requireSafeKey } from '../key/require-safe-key.ts';
import type { AccountsSettings } from '../settings.ts';
import { AccountStore } from './account.store.ts';
import { showAccount } from './domain/account-view.ts';
import { PLACEHOLDER_EMAIL_DOMAIN } from './domain/placeholder.ts';
import { decideRegistration, emailTaken, usernameTaken } from './domain/registration.ts';

interface Wanted {
  readonly username: string;
  readonly publicKey: string;
  readonly email: string;
}

@Answers(registerAccount)
export class RegisterAccount implements Verb<typeof registerAccount> {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountStore,
    private readonly keys: KeyStore,
    @Inject(SETTINGS) private readonly settings: AccountsSettings,
  ) {}

  async run(
    { body }: { body: Wanted },
    { caller, operationId, now }: VerbContext,
  ): Promise<AnswerInput<typeof registerAccount>> {
    const user = requireUser(caller);
    if (user.publicKey !== body.publicKey) {
      throw new Refusal(
        'FORBIDDEN',
        'NOT_OWNER',
        `Public key mismatch: body='${body.publicKey}' header='${user.publicKey}'`,
      );
    }
    requireSafeKey(body.publicKey);
    const wanted = { ...body, email: body.email.toLowerCase() };
    if (wanted.email.endsWith(PLACEHOLDER_EMAIL_DOMAIN)) throw emailTaken();
    const accountId = await this.register(wanted, operationId, now);
    const account = await this.accounts.findById(accountId);
    if (!account) throw new Error(`account ${accountId} is gone right after its registration`);
    return showAccount(account, caller, this.settings.ADMIN_PUBLIC_KEYS);
  }

  private async register(wanted: Wanted, operationId: string, now: bigint): Promise<string> {
    try {
      return await this.database.transaction((sql) => this.inTransaction(sql, wanted, operationId, now));
    } catch (error) {
      // Somebody else took the name between our look and our write.
      if (isUniqueViolation(error, 'account_canonical_username_key')) throw usernameTaken();
      if (isUniqueViolation(error, 'account_email_key')) throw emailTaken();
      throw error;
    }
  }

  private async inTransaction(sql: Sql, wanted: Wanted, operationId: string, now: bigint): Promise<string> {
    const { publicKey, username, email } = wanted;
    const holding = await this.accounts.lockHolderOf(sql, publicKey);
    const owners = await this.accounts.ownersOf(sql, username, email);
    if (owners.byUsername !== null && owners.byUsername !== holding?.accountId) throw usernameTaken();
    if (owners.byEmail !== null && owners.byEmail !== holding?.accountId) throw emailTaken();
    const registration = decideRegistration(holding);
    const emailVerified = this.settings.ENVIRONMENT !== 'prod';
    const say = (accountId: string) =>
      emitFact(sql, facts.accountRegistered, { accountId, username, publicKey, email, atNs: now }, now);

    if (registration === 'claim' && holding) {
      const id = holding.accountId;
      if (!(await this.accounts.claim(sql, { id, username, email, emailVerified }, now))) throw keyTaken();
      await say(id);
      return id;
    }
    const id = randomId();
    const account = { id, username, email, emailVerified, autoCreated: false };
    if (!(await this.accounts.insert(sql, account, now))) throw await this.whatIsTaken(sql, wanted);
    const key = { id: randomId(), accountId: id, publicKey, operationId };
    if (!(await this.keys.insert(sql, key, now))) throw keyTaken();
    await say(id);
    await emitFact(sql, facts.keyAdded, { accountId: id, publicKey, atNs: now }, now);
    return id;
  }
  /** Somebody else has taken one of the two between our look and our write. */
  private async whatIsTaken(sql: Sql, { username, email }: Wanted): Promise<Refusal> {
    const { byUsername, byEmail } = await this.accounts.ownersOf(sql, username, email);
    return byUsername === null && byEmail !== null ? emailTaken() : usernameTaken();
  }
}
