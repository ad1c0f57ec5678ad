import { requestAnswer } from '@decent-cloud/bus';
import { generateKeyPair } from '@decent-cloud/identity';
import type { Answer, Caller, CallInput, RequestDeclaration } from '@decent-cloud/messages';
import { registerAccount } from '@decent-cloud/messages/accounts';
import { type RunningService, startService } from '@decent-cloud/runtime';
import { createTestDatabase, startTestNats } from '@decent-cloud/testing';
import { accountsService } from '../src/service.ts';

export const newKey = () => generateKeyPair().publicKeyHex;
export const by = (publicKey: string): Caller => ({ kind: 'user', publicKey });
export const ANYBODY: Caller = { kind: 'anonymous' };
export const SERVICE: Caller = { kind: 'service', name: 'gateway' };

/** The accounts service over a real database and bus. */
export async function startAccounts(env: Record<string, string> = {}) {
  const [nats, database] = await Promise.all([startTestNats(), createTestDatabase()]);
  const service: RunningService = await startService(accountsService, {
    env: {
      DATABASE_URL: database.url,
      NATS_URL: nats.url,
      ENVIRONMENT: 'test',
      LOG_LEVEL: 'error',
      ...env,
    },
    handleSignals: false,
  });
  const ask = <const D extends RequestDeclaration>(
    declaration: D,
    input: CallInput<D>,
    caller: Caller,
    idempotencyKey?: string,
  ): Promise<Answer<D>> =>
    requestAnswer(service.bus.connection, declaration, input, {
      caller,
      requestId: 'spec',
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  let names = 0;
  return {
    service,
    ask,
    /** A fresh person with an account. */
    async register(publicKey = newKey()) {
      names++;
      const body = { username: `person${names}`, publicKey, email: `person${names}@example.com` };
      return { ...(await ask(registerAccount, { body }, by(publicKey))), publicKey };
    },
    /** Payloads of what was said on a subject about an account, oldest first. */
    async said(subject: string, accountId: string): Promise<Record<string, unknown>[]> {
      const rows = await service.database.query<{ payload: string }>(
        `select payload from messaging.outbox where subject = $1 and payload::jsonb->>'accountId' = $2 order by seq`,
        [subject, accountId],
      );
      return rows.map((row) => JSON.parse(row.payload));
    },
    async stop() {
      await service.stop();
      await database.drop();
      await nats.stop();
    },
  };
}
export type Accounts = Awaited<ReturnType<typeof startAccounts>>;
