import { Refusal, systemClock } from '@decent-cloud/kernel';
import {
  type Answer,
  type Caller,
  type CallInput,
  type FactDeclaration,
  type FactInput,
  type RequestDeclaration,
  requests,
} from '@decent-cloud/messages';
import { createContract } from '@decent-cloud/messages/contracts';
import { type RunningService, startService } from '@decent-cloud/runtime';
import {
  ANY_SERVICE,
  answerRequests,
  askAs,
  createTestDatabase,
  eventually,
  NO_ANSWER,
  sayFact,
  serviceKeysFor,
  startTestNats,
  type TestDatabase,
  type TestNats,
} from '@decent-cloud/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { contractRow, SELECTED } from '../src/contract/contract.rows.ts';
import type { Contract } from '../src/contract/domain/contract.ts';
import { contractsService } from '../src/service.ts';
import {
  PROVIDER_ACCOUNT,
  PROVIDER_KEY,
  SSH_KEY,
  STRANGER_KEY,
  TENANT_ACCOUNT,
  TENANT_KEY,
  TENANT_OTHER_KEY,
} from './sample-contract.ts';

export const MONTHLY_E9S = 7_200_000_000n;

export const tenant: Caller = { kind: 'user', publicKey: TENANT_KEY, accountId: TENANT_ACCOUNT };
export const tenantsOtherKey: Caller = {
  kind: 'user',
  publicKey: TENANT_OTHER_KEY,
  accountId: TENANT_ACCOUNT,
};
export const provider: Caller = { kind: 'user', publicKey: PROVIDER_KEY, accountId: PROVIDER_ACCOUNT };
export const stranger: Caller = { kind: 'user', publicKey: STRANGER_KEY };
export const offeringsService: Caller = ANY_SERVICE;

const tooPoor = () => new Refusal('PAYMENT_REQUIRED', 'INSUFFICIENT_BALANCE', 'Insufficient wallet balance');

/** The contracts service with everything around it played: accounts, offerings and payments with their own books. */
export class World {
  now = systemClock();
  readonly holds = new Map<string, { untilNs: bigint }>();
  /** Money that is set aside, by operation. */
  readonly reservations = new Map<string, bigint>();
  readonly charges = new Map<string, bigint>();
  monthlyE9s = MONTHLY_E9S;
  /** What happens between the quote and the hold. */
  beforeHold: () => unknown = () => undefined;
  chargeRequests = 0;
  /** What happens before the books look at the charge that they are asked for. */
  beforeCharge: (contractId: string) => Promise<unknown> = async () => undefined;
  /** Ended before they were charged, as the books know it. */
  readonly voids = new Set<string>();
  balanceE9s = 10n ** 15n;
  autoAccept = true;
  stock = 1_000;
  /** Every hold was given back before it is asked for again. */
  holdIsOver = false;
  emailVerified = true;
  /** As the quote tells it. */
  providerAccountId: string | undefined = PROVIDER_ACCOUNT;
  /** What accounts were asked, by the last word of its subject. */
  readonly askedOfAccounts: string[] = [];
  /** Whose account whoever asks for a quote or a hold says it is. */
  readonly renterAccounts: (string | undefined)[] = [];
  /** `lost`: it is charged, but nobody hears of it. `fails`: nothing happens. */
  payments: 'answers' | 'lost' | 'fails' = 'answers';
  releases: 'answers' | 'fails' = 'answers';
  /** Of everybody who asks for a hold: what they had set aside then. */
  readonly reservedAtHold: (bigint | undefined)[] = [];
  private messages = 0;

  private constructor(
    readonly database: TestDatabase,
    readonly nats: TestNats,
    readonly connection: NatsConnection,
    readonly services: RunningService[],
  ) {}

  static async start(): Promise<World> {
    const database = await createTestDatabase();
    const nats = await startTestNats();
    const connection = await connect({ servers: nats.url });
    const world = new World(database, nats, connection, []);
    world.play();
    await world.addReplica();
    return world;
  }

  async addReplica(): Promise<RunningService> {
    const service = await startService(contractsService, {
      env: {
        DATABASE_URL: this.database.url,
        NATS_URL: this.nats.url,
        SERVICE_KEYS: serviceKeysFor('contracts'),
        ENVIRONMENT: 'test',
        OPS_PORT: '0',
        LOG_LEVEL: 'silent',
        // Sweeps are called by the specs.
        TIMEOUT_SCAN_SECONDS: '86400',
      },
      clock: () => this.now,
      handleSignals: false,
    });
    this.services.push(service);
    return service;
  }

  /** Everybody answers again, and no breaker is open any more. */
  async heal(): Promise<void> {
    this.payments = 'answers';
    this.releases = 'answers';
    await eventually(async () => {
      for (const { bus } of this.services) {
        await bus.ask(requests.rentalPayments, { body: { contractIds: [] } });
        await bus.ask(requests.namesOfKeys, { body: { publicKeys: [] } });
        await bus.ask(requests.releaseStock, { body: { holdId: globalThis.crypto.randomUUID() } });
      }
      return true;
    });
  }

  get service(): RunningService {
    return this.services[0] as RunningService;
  }

  async stop(): Promise<void> {
    for (const service of this.services) await service.stop();
    await this.connection.close();
    await this.nats.stop();
    await this.database.drop();
  }

  ask<const D extends RequestDeclaration>(
    declaration: D,
    input: CallInput<D>,
    caller: Caller = tenant,
    idempotencyKey?: string,
  ): Promise<Answer<D>> {
    return askAs(this.connection, declaration, input, {
      caller,
      requestId: globalThis.crypto.randomUUID(),
      timeoutMs: 20_000,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  }

  async rent(changes: object = {}, caller: Caller = tenant, idempotencyKey?: string): Promise<string> {
    return (await this.rentAnswer(changes, caller, idempotencyKey)).contractId;
  }

  rentAnswer(changes: object = {}, caller: Caller = tenant, idempotencyKey?: string) {
    const body = {
      offering_db_id: 13n,
      ssh_pubkey: SSH_KEY,
      duration_hours: 10,
      payment_method: 'wallet',
      ...changes,
    };
    return this.ask(createContract, { body }, caller, idempotencyKey);
  }

  async read(contractId: string): Promise<Contract> {
    const [contract] = await contractRow.query(
      this.service.database,
      `select ${SELECTED} from contract c where contract_id = $1`,
      [contractId],
    );
    if (!contract) throw new Error(`no contract ${contractId}`);
    return contract;
  }

  /** Says a fact and waits until the service has processed it. */
  async say<F extends FactDeclaration>(
    declaration: F,
    payload: FactInput<F>,
    messageId?: string,
  ): Promise<void> {
    const id = messageId ?? `test-${++this.messages}`;
    await sayFact(this.connection, declaration, payload, id);
    await eventually(
      async () => {
        const rows = await this.service.database.query(
          'select 1 from messaging.inbox where message_id = $1',
          [id],
        );
        return rows.length === 1;
      },
      { what: `fact ${declaration.subject} processed` },
    );
  }

  /** What was said about a contract, oldest first. */
  async said(contractId: string, fact: string): Promise<Record<string, never>[]> {
    const rows = await this.service.database.query<{ payload: Record<string, never> }>(
      `select payload::jsonb as payload from messaging.outbox
       where subject = $2 and payload::jsonb ->> 'contractId' = $1 order by seq`,
      [contractId, `evt.contracts.v1.${fact}`],
    );
    return rows.map((row) => row.payload);
  }

  /** Old and new status of everything that happened. */
  async history(contractId: string): Promise<string[]> {
    const rows = await this.service.database.query<{ move: string }>(
      `select coalesce(old_status, '') || '>' || new_status as move from contract_status_history
       where contract_id = $1 order by version`,
      [contractId],
    );
    return rows.map((row) => row.move);
  }

  private availableE9s(ownReservation: string | undefined): bigint {
    let availableE9s = this.balanceE9s;
    for (const [id, amountE9s] of this.reservations) if (id !== ownReservation) availableE9s -= amountE9s;
    return availableE9s;
  }

  /** What kind of machine the offering names. */
  provisionerType: string | undefined;
  /** As the quote tells them; undefined: not told. */
  machineTypes: readonly string[] | undefined;

  private play(): void {
    const { connection } = this;
    answerRequests(connection, requests.ensureAccount, ({ body }) => {
      this.askedOfAccounts.push('ensure-account');
      const own = body.publicKey === PROVIDER_KEY;
      return {
        accountId: own ? PROVIDER_ACCOUNT : TENANT_ACCOUNT,
        username: own ? 'bob' : 'alice',
        email: 'alice@example.com',
        emailVerified: this.emailVerified,
        activePublicKeys: own ? [PROVIDER_KEY] : [TENANT_KEY, TENANT_OTHER_KEY],
        created: false,
      };
    });
    answerRequests(connection, requests.resolveKey, () => {
      this.askedOfAccounts.push('resolve-key');
      return { status: 'active' as const, accountId: PROVIDER_ACCOUNT };
    });
    answerRequests(connection, requests.namesOfKeys, () => ({
      names: { [TENANT_KEY]: 'alice', [PROVIDER_KEY]: 'bob' },
    }));
    const termsFor = ({ holdId, offeringDbId }: { holdId: string; offeringDbId: bigint }) => {
      if (this.holdIsOver) {
        throw new Refusal('CONFLICT', 'TRANSITION_NOT_ALLOWED', 'This hold was given back already');
      }
      if (!this.holds.has(holdId) && this.holds.size >= this.stock) {
        throw new Refusal('CONFLICT', 'OUT_OF_STOCK', 'Offering is out of stock');
      }
      return {
        offeringDbId,
        offeringId: 'small-vps',
        offerName: 'Small VPS',
        providerPublicKey: PROVIDER_KEY,
        currency: 'USD',
        monthlyPriceE9s: this.monthlyE9s,
        autoAccept: this.autoAccept,
        datacenterCountry: 'DE',
        cpuCores: 2,
        operatingSystems: 'Ubuntu 24.04, Debian 12',
        memoryMb: 2_048,
        ...(this.provisionerType !== undefined && { provisionerType: this.provisionerType }),
      };
    };
    answerRequests(connection, requests.quoteRental, ({ body }) => {
      this.renterAccounts.push(body.renterAccountId);
      return {
        ...termsFor(body),
        ...(this.machineTypes && { machineTypes: [...this.machineTypes] }),
        ...(this.providerAccountId !== undefined && { providerAccountId: this.providerAccountId }),
      };
    });
    answerRequests(connection, requests.holdStock, ({ body }) => {
      this.renterAccounts.push(body.renterAccountId);
      this.beforeHold();
      const terms = termsFor(body);
      this.holds.set(body.holdId, { untilNs: body.untilNs });
      this.reservedAtHold.push(this.reservations.get(body.holdId));
      return terms;
    });
    answerRequests(connection, requests.releaseStock, ({ body }) => {
      if (this.releases === 'fails') throw new Error('offerings is broken');
      return { released: this.holds.delete(body.holdId) };
    });
    answerRequests(connection, requests.reserveFunds, ({ body }) => {
      if (body.amountE9s > this.availableE9s(body.reservationId)) throw tooPoor();
      this.reservations.set(body.reservationId, body.amountE9s);
      return { reservedE9s: body.amountE9s };
    });
    answerRequests(connection, requests.releaseFunds, ({ body }) => {
      if (this.releases === 'fails') throw new Error('payments is broken');
      return { released: this.reservations.delete(body.reservationId) };
    });
    answerRequests(connection, requests.chargeRental, async ({ body }) => {
      this.chargeRequests++;
      await this.beforeCharge(body.contractId);
      if (this.voids.has(body.contractId)) {
        throw new Refusal('CONFLICT', 'TRANSITION_NOT_ALLOWED', 'This rental ended before it was paid');
      }
      if (this.payments === 'fails') throw new Error('payments is broken');
      if (!this.charges.has(body.contractId)) {
        if (body.amountE9s > this.availableE9s(body.reservationId)) throw tooPoor();
        this.reservations.delete(body.reservationId ?? '');
        this.balanceE9s -= body.amountE9s;
        this.charges.set(body.contractId, body.amountE9s);
      }
      if (this.payments === 'lost') return NO_ANSWER;
      return { chargedE9s: body.amountE9s, balanceE9s: this.balanceE9s };
    });
    answerRequests(connection, requests.rentalPayments, ({ body }) => ({
      payments: body.contractIds
        .filter((contractId) => this.charges.has(contractId))
        .map((contractId) => ({
          contractId,
          chargedE9s: this.charges.get(contractId) as bigint,
          refundedE9s: 0n,
          settled: false,
        })),
    }));
  }
}
