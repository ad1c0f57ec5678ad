import { generateKeyPair } from '@decent-cloud/identity';
import type { Answer, Caller, CallInput, RequestDeclaration } from '@decent-cloud/messages';
import { acceptInvitation, addKey, registerAccount } from '@decent-cloud/messages/accounts';
import * as requests from '@decent-cloud/messages/requests';
import { type RunningService, startService } from '@decent-cloud/runtime';
import {
  ANY_SERVICE,
  answerRequests,
  askAs,
  createTestDatabase,
  serviceKeysFor,
  startTestNats,
} from '@decent-cloud/testing';
import { accountsService } from '../src/service.ts';

export const newKey = () => generateKeyPair().publicKeyHex;
export const by = (publicKey: string): Caller => ({ kind: 'user', publicKey });
export const ANYBODY: Caller = { kind: 'anonymous' };
export const SERVICE: Caller = ANY_SERVICE;

/** The accounts service over a real database and bus. */
export async function startAccounts(env: Record<string, string> = {}) {
  const [nats, database] = await Promise.all([startTestNats(), createTestDatabase()]);
  const service: RunningService = await startService(accountsService, {
    env: {
      DATABASE_URL: database.url,
      NATS_URL: nats.url,
      SERVICE_KEYS: serviceKeysFor('accounts'),
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
    askAs(service.bus.connection, declaration, input, {
      caller,
      requestId: 'spec',
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  /** What the other services say of keys. */
  const holdings = new Map<string, { what: string; count: number }[]>();
  const neighbours = [
    requests.holdingsOfKeyInContracts,
    requests.holdingsOfKeyInPayments,
    requests.holdingsOfKeyInNotifications,
    requests.holdingsOfKeyInAgents,
  ].map((request) => answerRequests(service.bus.connection, request, () => ({ holdings: [] })));
  const offerings = answerRequests(service.bus.connection, requests.holdingsOfKeyInOfferings, ({ body }) => ({
    holdings: holdings.get(body.publicKey) ?? [],
  }));
  let names = 0;
  const invite = (person: { username: string; publicKey: string }, newPublicKey: string, key?: string) =>
    ask(addKey, { params: { username: person.username }, body: { newPublicKey } }, by(person.publicKey), key);
  const accept = (username: string, publicKey: string, body: { share?: boolean } = {}) =>
    ask(acceptInvitation, { params: { username }, body }, by(publicKey));
  return {
    service,
    ask,
    holdings,

    silence: () => offerings.stop(),
    invite,
    accept,
    /** A further key of a person, invited and accepted. */
    async join(person: { username: string; publicKey: string }, publicKey = newKey()) {
      await invite(person, publicKey);
      return { ...(await accept(person.username, publicKey)), publicKey };
    },
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
      for (const played of [...neighbours, offerings]) played.stop();
      await service.stop();
      await database.drop();
      await nats.stop();
    },
  };
}
export type Accounts = Awaited<ReturnType<typeof startAccounts>>;
