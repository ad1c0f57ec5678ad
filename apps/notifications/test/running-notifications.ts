import { randomBytes } from 'node:crypto';
import { systemClock } from '@decent-cloud/kernel';
import { type FactDeclaration, type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type RunningService, startService } from '@decent-cloud/runtime';
import {
  askerAt,
  createTestDatabase,
  serviceKeysFor,
  startTestNats,
  type TestDatabase,
  type TestNats,
} from '@decent-cloud/testing';
import type { Type } from '@nestjs/common';
import type { z } from 'zod';
import { OnAccountRegistered } from '../src/channels/mail/on-account-registered.ts';
import { OnContractStatusChanged } from '../src/notification/on-contract-status-changed.ts';
import { notificationsService } from '../src/service.ts';

export type StatusChange = FactPayload<typeof facts.contractStatusChanged>;
export interface Person {
  readonly accountId: string;
  readonly publicKey: string;
  readonly email: string;
}
const hex = (bytes: number) => randomBytes(bytes).toString('hex');

export const newPerson = (name = 'person'): Person => {
  const accountId = hex(16);
  return { accountId, publicKey: hex(32), email: `${name}-${accountId.slice(0, 8)}@example.com` };
};

/** A change of a new contract between two people. */
export const statusChange = (
  tenant: Person,
  provider: Person,
  more: Partial<StatusChange> = {},
): StatusChange => ({
  ...(facts.contractStatusChanged.payload as unknown as z.ZodType<StatusChange>).parse(
    facts.contractStatusChanged.sample,
  ),
  contractId: hex(32),
  requesterAccountId: tenant.accountId,
  requesterPublicKey: tenant.publicKey,
  providerAccountId: provider.accountId,
  providerPublicKey: provider.publicKey,
  ...more,
});

/** The notifications service over a real database and bus; its clock can be put forward. */
export class RunningNotifications {
  nats!: TestNats;
  database!: TestDatabase;
  service!: RunningService;
  private aheadNs = 0n;

  /**
   * Runs from before the first test of the file to after the last.
   * @param env asked for when it starts
   */
  static forFile(env: () => Record<string, string> = () => ({})): RunningNotifications {
    const notifications = new RunningNotifications();
    beforeAll(() => notifications.start(env()));
    afterAll(() => notifications.stop());
    return notifications;
  }

  /** One more, for the time of `work`. */
  static async during(
    env: Record<string, string>,
    work: (notifications: RunningNotifications) => Promise<void>,
  ): Promise<void> {
    const notifications = new RunningNotifications();
    try {
      await notifications.start(env);
      await work(notifications);
    } finally {
      await notifications.stop();
    }
  }

  private async start(env: Record<string, string>): Promise<void> {
    [this.nats, this.database] = await Promise.all([startTestNats(), createTestDatabase()]);
    this.service = await startService(notificationsService, {
      env: {
        DATABASE_URL: this.database.url,
        NATS_URL: this.nats.url,
        SERVICE_KEYS: serviceKeysFor('notifications'),
        ENVIRONMENT: 'test',
        LOG_LEVEL: 'fatal',
        MAIL_SWEEP_SECONDS: '0.05',
        ...env,
      },
      clock: this.clock,
      handleSignals: false,
    });
  }

  private async stop(): Promise<void> {
    await this.service?.stop();
    await this.database?.drop();
    await this.nats?.stop();
  }

  readonly clock = () => systemClock() + this.aheadNs;
  readonly ask = askerAt(() => this.service.bus.connection);

  forward(seconds: number): void {
    this.aheadNs += BigInt(seconds) * 1_000_000_000n;
  }

  async react<F extends FactDeclaration>(
    type: Type<Reaction<F>>,
    fact: FactPayload<F>,
    messageId = hex(8),
  ): Promise<void> {
    const reaction = this.service.get<Reaction<F>>(type);
    await this.service.database.transaction((sql) =>
      reaction.react(fact, { sql, messageId, now: this.clock() }),
    );
  }

  /** Tells the service of an account; `null`: one without an address. */
  know({ accountId, publicKey, email: own }: Person, email: string | null = own): Promise<void> {
    return this.react<typeof facts.accountRegistered>(OnAccountRegistered, {
      accountId,
      publicKey,
      username: 'somebody',
      email: email ?? undefined,
      atNs: this.clock(),
    });
  }

  changeStatus(change: StatusChange, messageId?: string): Promise<void> {
    return this.react<typeof facts.contractStatusChanged>(OnContractStatusChanged, change, messageId);
  }

  mailsOf(person: Person) {
    return this.service.database.query<{
      id: string;
      state: string;
      attempts: number;
      last_error: string | null;
      in_hand: boolean;
      next_attempt_at_ns: bigint;
    }>(
      'select id, state, attempts, last_error, leased_until_ns > 0 as in_hand, next_attempt_at_ns from mail where account_id = $1 order by id',
      [person.accountId],
    );
  }
}
