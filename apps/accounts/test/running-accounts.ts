import { generateKeyPair } from '@decent-cloud/identity';
import type { Caller } from '@decent-cloud/messages';
import { acceptInvitation, addKey, registerAccount } from '@decent-cloud/messages/accounts';
import * as requests from '@decent-cloud/messages/requests';
import { type RunningService, startService } from '@decent-cloud/runtime';
import {
  ANY_SERVICE,
  answerRequests,
  askerAt,
  createTestDatabase,
  type PlayedService,
  serviceKeysFor,
  startTestNats,
  type TestDatabase,
  type TestNats,
} from '@decent-cloud/testing';
import { accountsService } from '../src/service.ts';

export const newKey = () => generateKeyPair().publicKeyHex;
export const by = (publicKey: string): Caller => ({ kind: 'user', publicKey });
export const ANYBODY: Caller = { kind: 'anonymous' };
export const SERVICE: Caller = ANY_SERVICE;

interface Named {
  readonly username: string;
  readonly publicKey: string;
}

/** The accounts service over a real database and bus. */
export class RunningAccounts {
  nats!: TestNats;
  database!: TestDatabase;
  service!: RunningService;
  /** What offerings say of keys. */
  readonly holdings = new Map<string, { what: string; count: number }[]>();
  private played: PlayedService[] = [];
  private names = 0;

  /** Runs from before the first test of the file, or of the `describe` that calls it, to after the last. */
  static forFile(env: Record<string, string> = {}): RunningAccounts {
    const accounts = new RunningAccounts();
    beforeAll(() => accounts.start(env), 60_000);
    afterAll(() => accounts.stop());
    return accounts;
  }

  private async start(env: Record<string, string>): Promise<void> {
    [this.nats, this.database] = await Promise.all([startTestNats(), createTestDatabase()]);
    this.service = await startService(accountsService, {
      env: {
        DATABASE_URL: this.database.url,
        NATS_URL: this.nats.url,
        SERVICE_KEYS: serviceKeysFor('accounts'),
        ENVIRONMENT: 'test',
        LOG_LEVEL: 'error',
        ...env,
      },
      handleSignals: false,
    });
    const { connection } = this.service.bus;
    const offerings = answerRequests(connection, requests.holdingsOfKeyInOfferings, ({ body }) => ({
      holdings: this.holdings.get(body.publicKey) ?? [],
    }));
    const others = [
      requests.holdingsOfKeyInContracts,
      requests.holdingsOfKeyInPayments,
      requests.holdingsOfKeyInNotifications,
      requests.holdingsOfKeyInAgents,
    ].map((request) => answerRequests(connection, request, () => ({ holdings: [] })));
    this.played = [offerings, ...others];
  }

  private async stop(): Promise<void> {
    for (const one of this.played) one.stop();
    await this.service?.stop();
    await this.database?.drop();
    await this.nats?.stop();
  }

  readonly ask = askerAt(() => this.service.bus.connection);

  /** Offerings answer no more. */
  silence(): void {
    this.played.shift()?.stop();
  }

  invite(person: Named, newPublicKey: string, idempotencyKey?: string) {
    const input = { params: { username: person.username }, body: { newPublicKey } };
    return this.ask(addKey, input, by(person.publicKey), idempotencyKey);
  }

  accept(username: string, publicKey: string, body: { share?: boolean } = {}) {
    return this.ask(acceptInvitation, { params: { username }, body }, by(publicKey));
  }

  /** A further key of a person, invited and accepted. */
  async join(person: Named, publicKey = newKey()) {
    await this.invite(person, publicKey);
    return { ...(await this.accept(person.username, publicKey)), publicKey };
  }

  /** A fresh person with an account. */
  async register(publicKey = newKey()) {
    const name = `person${++this.names}`;
    const body = { username: name, publicKey, email: `${name}@example.com` };
    return { ...(await this.ask(registerAccount, { body }, by(publicKey))), publicKey };
  }

  /** Payloads of what was said on a subject about an account, oldest first. */
  async said(subject: string, accountId: string): Promise<Record<string, unknown>[]> {
    const rows = await this.service.database.query<{ payload: string }>(
      `select payload from messaging.outbox where subject = $1 and payload::jsonb->>'accountId' = $2 order by seq`,
      [subject, accountId],
    );
    return rows.map((row) => JSON.parse(row.payload));
  }
}
