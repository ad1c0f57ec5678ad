import { randomBytes } from 'node:crypto';
import { systemClock } from '@decent-cloud/kernel';
import {
  type Answer,
  type Caller,
  type CallInput,
  type FactDeclaration,
  type FactPayload,
  facts,
  type RequestDeclaration,
} from '@decent-cloud/messages';
import { type Reaction, type RunningService, startService } from '@decent-cloud/runtime';
import { askAs, createTestDatabase, serviceKeysFor, startTestNats } from '@decent-cloud/testing';
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
export async function startNotifications(env: Record<string, string> = {}) {
  const [nats, database] = await Promise.all([startTestNats(), createTestDatabase()]);
  let aheadNs = 0n;
  const clock = () => systemClock() + aheadNs;
  const service: RunningService = await startService(notificationsService, {
    env: {
      DATABASE_URL: database.url,
      NATS_URL: nats.url,
      SERVICE_KEYS: serviceKeysFor('notifications'),
      ENVIRONMENT: 'test',
      LOG_LEVEL: 'fatal',
      MAIL_SWEEP_SECONDS: '0.05',
      ...env,
    },
    clock,
    handleSignals: false,
  });
  const react = async <F extends FactDeclaration>(
    type: Type<Reaction<F>>,
    fact: FactPayload<F>,
    messageId = hex(8),
  ) => {
    const reaction = service.get<Reaction<F>>(type);
    await service.database.transaction((sql) => reaction.react(fact, { sql, messageId, now: clock() }));
  };
  return {
    service,
    react,
    clock,
    forward(seconds: number): void {
      aheadNs += BigInt(seconds) * 1_000_000_000n;
    },
    ask: <const D extends RequestDeclaration>(
      declaration: D,
      input: CallInput<D>,
      caller: Caller,
    ): Promise<Answer<D>> => askAs(service.bus.connection, declaration, input, { caller, requestId: 'spec' }),
    /** Tells the service of an account; `null`: one without an address. */
    async know(person: Person, email: string | null = person.email): Promise<void> {
      const { accountId, publicKey } = person;
      await react<typeof facts.accountRegistered>(OnAccountRegistered, {
        accountId,
        publicKey,
        username: 'somebody',
        email: email ?? undefined,
        atNs: clock(),
      });
    },
    changeStatus: (change: StatusChange, messageId?: string) =>
      react<typeof facts.contractStatusChanged>(OnContractStatusChanged, change, messageId),
    mailsOf: (person: Person) =>
      service.database.query<{
        id: string;
        state: string;
        attempts: number;
        last_error: string | null;
        in_hand: boolean;
        next_attempt_at_ns: bigint;
      }>(
        'select id, state, attempts, last_error, leased_until_ns > 0 as in_hand, next_attempt_at_ns from mail where account_id = $1 order by id',
        [person.accountId],
      ),
    async stop() {
      await service.stop();
      await database.drop();
      await nats.stop();
    },
  };
}
export type Notifications = Awaited<ReturnType<typeof startNotifications>>;
