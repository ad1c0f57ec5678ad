import { randomBytes } from 'node:crypto';
import { parseExactJson, uuidV7 } from '@decent-cloud/kernel';
import { type Caller, type FactInput, facts, requests } from '@decent-cloud/messages';
import { getWallet, topUpWallet } from '@decent-cloud/messages/payments';
import { type RunningService, startService } from '@decent-cloud/runtime';
import {
  askerAt,
  createTestDatabase,
  sayUntilProcessed,
  serviceKeysFor,
  startTestNats,
  type TestDatabase,
  type TestNats,
} from '@decent-cloud/testing';
import { findFaults } from '../src/ledger/book-faults.store.ts';
import { OnContractEnded } from '../src/rental/on-contract-ended.ts';
import { paymentsService } from '../src/service.ts';

export const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
export const contractId = (): string => hex(32);
export const USD = 1_000_000_000n;
export const PROVIDER = hex(32);
export const NOW = 1_795_414_881_000_000_000n;

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
  nats!: TestNats;
  db!: TestDatabase;
  service!: RunningService;

  /** Runs from before the first test of the file, or of the `describe` that calls it, to after the last, when its books must be right. */
  static forFile(env: Record<string, string> = {}): RunningPayments {
    const running = new RunningPayments();
    beforeAll(() => running.start(env), 60_000);
    afterAll(() => running.stop());
    return running;
  }

  private async start(env: Record<string, string>): Promise<void> {
    [this.nats, this.db] = await Promise.all([startTestNats(), createTestDatabase()]);
    this.service = await startService(paymentsService, {
      env: {
        DATABASE_URL: this.db.url,
        NATS_URL: this.nats.url,
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
  }

  private async stop(): Promise<void> {
    const faults = this.service && (await findFaults(this.service.database));
    await this.service?.stop();
    await this.db?.drop();
    await this.nats?.stop();
    expect(faults).toEqual([]);
  }

  get connection() {
    return this.service.bus.connection;
  }

  readonly ask = askerAt(() => this.connection);

  /** Somebody with so much in the wallet. */
  readonly fundedTenant = async (amountUsd = 10): Promise<Tenant> => {
    const alice = tenant();
    await this.topUp(alice, amountUsd);
    return alice;
  };

  readonly balanceOf = async (who: Tenant) => (await this.wallet(who)).balanceE9s;

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
    await sayUntilProcessed(this.connection, this.service.database, facts.contractEnded, ended);
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
