import { randomBytes } from 'node:crypto';
import { parseExactJson, uuidV7 } from '@decent-cloud/kernel';
import {
  type Answer,
  type Caller,
  type CallInput,
  type FactInput,
  facts,
  type RequestDeclaration,
  requests,
} from '@decent-cloud/messages';
import { getWallet, topUpWallet } from '@decent-cloud/messages/payments';
import { type RunningService, startService } from '@decent-cloud/runtime';
import {
  ANY_SERVICE,
  askAs,
  createTestDatabase,
  eventually,
  sayFact,
  serviceKeysFor,
  startTestNats,
  type TestDatabase,
  type TestNats,
} from '@decent-cloud/testing';
import { OnContractEnded } from '../src/rental/on-contract-ended.ts';
import { paymentsService } from '../src/service.ts';

export const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
export const contractId = (): string => hex(32);
export const USD = 1_000_000_000n;
export const PROVIDER = hex(32);
export const NOW = 1_795_414_881_000_000_000n;
const SERVICE: Caller = ANY_SERVICE;

export interface Tenant {
  readonly accountId: string;
  readonly caller: Caller & { kind: 'user' };
}
export const tenant = (): Tenant => {
  const accountId = hex(16);
  return { accountId, caller: { kind: 'user', publicKey: hex(32), accountId } };
};

type Ended = FactInput<typeof facts.contractEnded>;

/** The payments service in this process, on servers of its own. */
export class RunningPayments {
  private constructor(
    readonly nats: TestNats,
    readonly db: TestDatabase,
    readonly service: RunningService,
  ) {}

  static async start(env: Record<string, string> = {}): Promise<RunningPayments> {
    const [nats, db] = await Promise.all([startTestNats(), createTestDatabase()]);
    const service = await startService(paymentsService, {
      env: {
        DATABASE_URL: db.url,
        NATS_URL: nats.url,
        SERVICE_KEYS: serviceKeysFor('payments'),
        ENVIRONMENT: 'test',
        OPS_PORT: '0',
        LOG_LEVEL: 'silent',
        PUBLIC_URL: 'https://example.org',
        ...env,
      },
      clock: () => NOW,
      handleSignals: false,
    });
    return new RunningPayments(nats, db, service);
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.db.drop();
    await this.nats.stop();
  }

  get connection() {
    return this.service.bus.connection;
  }

  ask<const D extends RequestDeclaration>(
    declaration: D,
    input: CallInput<D>,
    caller: Caller = SERVICE,
    idempotencyKey?: string,
  ): Promise<Answer<D>> {
    return askAs(this.connection, declaration, input, {
      caller,
      requestId: 'r1',
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  }

  topUp(who: Tenant, amountUsd: number, idempotencyKey?: string) {
    const input = { params: { pubkey: who.caller.publicKey }, body: { amountUsd, method: 'test' as const } };
    return this.ask(topUpWallet, input, who.caller, idempotencyKey);
  }

  wallet(who: Tenant) {
    return this.ask(getWallet, { params: { pubkey: who.caller.publicKey } }, who.caller);
  }

  reserve(who: Tenant, reservationId: string, amountE9s: bigint, untilNs = NOW + 1n) {
    const body = { reservationId, accountId: who.accountId, amountE9s, currency: 'USD', untilNs };
    return this.ask(requests.reserveFunds, { body });
  }

  charge(who: Tenant, contract: string, amountE9s: bigint, currency = 'USD', reservationId?: string) {
    const body = { contractId: contract, accountId: who.accountId, amountE9s, currency, reservationId };
    return this.ask(requests.chargeRental, { body });
  }

  ended(who: Tenant, contract: string, money: { paid: bigint; refund?: bigint; earned?: bigint }): Ended {
    return {
      contractId: contract,
      version: 3,
      status: 'cancelled',
      requesterPublicKey: who.caller.publicKey,
      requesterAccountId: who.accountId,
      providerPublicKey: PROVIDER,
      holdId: uuidV7(NOW),
      offeringDbId: 1n,
      paymentMethod: 'wallet',
      paidE9s: money.paid,
      refundE9s: money.refund ?? 0n,
      earnedE9s: money.earned ?? 0n,
      currency: 'USD',
      atNs: NOW,
    };
  }

  /** Sends the fact as the contracts service would; returns when the reaction has committed. */
  async publishEnded(ended: Ended): Promise<void> {
    const msgID = uuidV7(NOW);
    await sayFact(this.connection, facts.contractEnded, ended, msgID);
    await eventually(async () => {
      const rows = await this.service.database.query('select 1 from messaging.inbox where message_id = $1', [
        msgID,
      ]);
      return rows.length === 1;
    });
  }

  /** The reaction itself, in a transaction of its own: for what it throws. */
  async react(ended: Ended): Promise<void> {
    const reaction = this.service.get<OnContractEnded>(OnContractEnded);
    await this.service.database.transaction((sql) =>
      reaction.react(facts.contractEnded.payload.parse(ended), { sql, messageId: 'm', now: NOW }),
    );
  }

  /** What was said, oldest first: last word of the subject, and the payload. */
  async said(about: string): Promise<{ fact: string; payload: Record<string, unknown> }[]> {
    const rows = await this.service.database.query<{ subject: string; payload: string }>(
      'select subject, payload from messaging.outbox where payload like $1 order by seq',
      [`%${about}%`],
    );
    return rows.map(({ subject, payload }) => ({
      fact: subject.split('.').at(-1) ?? '',
      payload: parseExactJson(payload) as Record<string, unknown>,
    }));
  }

  /** Balances of the ledger by kind and owner. */
  async balance(kind: string, owner: string): Promise<bigint | undefined> {
    const [row] = await this.service.database.query<{ balance_e9s: bigint }>(
      'select balance_e9s from ledger_account where kind = $1 and owner = $2',
      [kind, owner],
    );
    return row?.balance_e9s;
  }

  async rental(contract: string): Promise<Record<string, unknown> | undefined> {
    const [row] = await this.service.database.query<Record<string, unknown>>(
      'select state, charged_e9s, refunded_e9s, earned_e9s from rental where contract_id = $1',
      [contract],
    );
    return row;
  }
}
