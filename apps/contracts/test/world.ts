import { systemClock } from '@decent-cloud/kernel';
import {
  type Answer,
  type Caller,
  type CallInput,
  type FactDeclaration,
  type FactInput,
  facts,
  type RequestDeclaration,
  requests,
} from '@decent-cloud/messages';
import { createContract } from '@decent-cloud/messages/contracts';
import { type RunningService, startService } from '@decent-cloud/runtime';
import {
  ANY_SERVICE,
  askAs,
  createTestDatabase,
  eventually,
  sayUntilProcessed,
  serviceKeysFor,
  startTestNats,
  type TestDatabase,
  type TestNats,
} from '@decent-cloud/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { contractRow, SELECTED } from '../src/contract/contract.rows.ts';
import type { Contract } from '../src/contract/domain/contract.ts';
import { contractsService } from '../src/service.ts';
import { MONTHLY_E9S, PlayedServices } from './played-services.ts';
import {
  AGENT_KEY,
  PROVIDER_ACCOUNT,
  PROVIDER_KEY,
  SSH_KEY,
  STRANGER_KEY,
  TENANT_ACCOUNT,
  TENANT_KEY,
  TENANT_OTHER_KEY,
} from './sample-contract.ts';

/** Of the ten hours that are rented where nothing else is said. */
export const PRICE = MONTHLY_E9S / 72n;

export const tenant: Caller = { kind: 'user', publicKey: TENANT_KEY, accountId: TENANT_ACCOUNT };
export const tenantsOtherKey: Caller = {
  kind: 'user',
  publicKey: TENANT_OTHER_KEY,
  accountId: TENANT_ACCOUNT,
};
export const provider: Caller = { kind: 'user', publicKey: PROVIDER_KEY, accountId: PROVIDER_ACCOUNT };
export const stranger: Caller = { kind: 'user', publicKey: STRANGER_KEY };
export const offeringsService: Caller = ANY_SERVICE;

/** How a request is refused. */
export const rejection = (code: string, reason: string) => expect.objectContaining({ code, reason });

/** The contracts service with everything around it played. */
export class World extends PlayedServices {
  now = systemClock();
  database!: TestDatabase;
  nats!: TestNats;
  connection!: NatsConnection;
  readonly services: RunningService[] = [];
  private messages = 0;

  /** Runs from before the first test of the file to after the last; everybody answers well when a test begins. */
  static forFile(): World {
    const world = new World();
    beforeAll(() => world.start(), 120_000);
    afterAll(() => world.stop(), 60_000);
    beforeEach(async () => {
      world.answerWell();
      await world.heal();
    });
    return world;
  }

  private async start(): Promise<void> {
    this.database = await createTestDatabase();
    this.nats = await startTestNats();
    this.connection = await connect({ servers: this.nats.url });
    this.play(this.connection);
    await this.addReplica();
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

  private async stop(): Promise<void> {
    for (const service of this.services) await service.stop();
    await this.connection?.close();
    await this.nats?.stop();
    await this.database?.drop();
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
    await sayUntilProcessed(this.connection, this.service.database, declaration, payload, id);
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

  /** What an agent tells of the machine of a contract. */
  readonly machine = (contractId: string, generation = 1) => ({
    contractId,
    generation,
    agentPublicKey: AGENT_KEY,
    atNs: this.now,
  });

  /** That it is there, as an agent tells it. */
  readonly provisioned = (contractId: string, generation = 1) => ({
    ...this.machine(contractId, generation),
    instance: {
      externalId: 'dc-1',
      provisionerType: 'local',
      publicIp: '127.0.0.1',
      sshPort: 2222,
      sshUser: 'root',
    },
    credentials: [{ recipientPublicKey: TENANT_KEY, envelope: '{"version":2,"ciphertext":"x"}' }],
  });

  /** Rents, and the machine is there. */
  readonly running = async (): Promise<string> => {
    const contractId = await this.rent();
    await this.say(facts.machineProvisioned, this.provisioned(contractId));
    return contractId;
  };
}
