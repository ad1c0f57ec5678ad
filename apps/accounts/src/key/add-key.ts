import { randomId } from '@decent-cloud/kernel';
import { type AnswerInput, facts, type VerbInput } from '@decent-cloud/messages';
import { addKey } from '@decent-cloud/messages/accounts';
import { emitFact } from '@decent-cloud/outbox';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { showKey } from '../account/domain/account-view.ts';
import { keyTaken } from '../account/domain/registration.ts';
import { assertRoomForKey, NOT_YOUR_ACCOUNT } from './domain/key-rules.ts';
import { KeyStore } from './key.store.ts';
import { requireSafeKey } from './require-safe-key.ts';

@Answers(addKey)
export class AddKey implements Verb<typeof addKey> {
  constructor(
    private readonly database: Database,
    private readonly keys: KeyStore,
  ) {}

  async run(
    { params, body }: VerbInput<typeof addKey>,
    { caller, operationId, now }: VerbContext,
  ): Promise<AnswerInput<typeof addKey>> {
    const user = requireUser(caller);
    const publicKey = body.newPublicKey;
    requireSafeKey(publicKey);
    return this.database.transaction(async (sql) => {
      const { accountId } = await this.keys.lockOwned(sql, params.username, user, NOT_YOUR_ACCOUNT);
      const done = await this.keys.findByOperation(sql, accountId, operationId);
      if (done) return showKey(done);
      assertRoomForKey(await this.keys.count(sql, accountId));
      const key = await this.keys.insert(
        sql,
        { id: randomId(), accountId, publicKey, proven: false, operationId },
        now,
      );
      if (!key) throw keyTaken();
      await emitFact(sql, facts.keyAdded, { accountId, publicKey, atNs: now }, now);
      return showKey(key);
    });
  }
}
