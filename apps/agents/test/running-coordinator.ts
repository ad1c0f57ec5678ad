import { generateKeyPair } from '@decent-cloud/identity';
import { type Clock, parseExactJson, secondsToNs, systemClock } from '@decent-cloud/kernel';
import {
  type Answer,
  type Caller,
  type CallInput,
  type FactDeclaration,
  type FactInput,
  type FactPayload,
  type RequestDeclaration,
  requests,
} from '@decent-cloud/messages';
import type { ContractStatus } from '@decent-cloud/messages/words';
import { type RunningService, startService } from '@decent-cloud/runtime';
import {
  answerRequests,
  askAs,
  createTestDatabase,
  eventually,
  sayFact,
  serviceKeysFor,
  type TestDatabase,
  TestHub,
} from '@decent-cloud/testing';
import type { NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import { agentsService } from '../src/service.ts';
import { hex64 } from './people.ts';

type Settings = Readonly<Record<string, string>>;

interface Heard {
  readonly subject: string;
  readonly payload: Record<string, unknown>;
}

/** The coordinator against a real broker in operator mode and a real database, with a clock that can be set forward. */
export class RunningCoordinator {
  readonly platform = generateKeyPair();
  private readonly heard: Heard[] = [];
  private aheadNs = 0n;
  private requests = 0;
  private playsContracts = false;
  hub!: TestHub;
  service!: RunningService;
  private database!: TestDatabase;
  private gateway!: NatsConnection;
  private contracts!: NatsConnection;
  private listener!: NatsConnection;
  /** What the contracts service says when it is asked. */
  readonly contractStates = new Map<
    string,
    { status: ContractStatus; endsAtNs?: bigint; instanceDetails?: string }
  >();

  readonly clock: Clock = () => systemClock() + this.aheadNs;

  /**
   * Runs from before the first test of the file, or of the `describe` that calls it, to after the last.
   * @param settings asked for when it starts
   */
  static forFile<Stage extends RunningCoordinator>(
    this: new () => Stage,
    settings: () => Settings = () => ({}),
  ): Stage {
    const stage = new this();
    beforeAll(() => stage.start(settings()));
    afterAll(() => stage.stop());
    return stage;
  }

  private async start(settings: Settings): Promise<void> {
    this.hub = await TestHub.start();
    this.database = await createTestDatabase();
    await this.startService(settings);
    await this.connect();
  }

  /** Also again, after `service.stop()`. */
  async startService(settings: Settings = {}): Promise<void> {
    const { hub } = this;
    this.service = await startService(agentsService, {
      clock: this.clock,
      handleSignals: false,
      env: {
        DATABASE_URL: this.database.url,
        NATS_URL: hub.nats.url,
        SERVICE_KEYS: serviceKeysFor('agents'),
        NATS_CREDS_FILE: await hub.credsFile('agents'),
        NATS_SYS_CREDS_FILE: await hub.systemCredsFile(),
        NATS_OPERATOR_SIGNING_SEED: hub.operatorSigning.seed,
        NATS_AGENT_USER_SIGNING_SEED: hub.agentSigning.seed,
        NATS_HUB_ACCOUNT: hub.hubAccount,
        AGENT_NATS_URLS: `${hub.nats.url},${hub.nats.websocketUrl}`,
        PLATFORM_SIGNING_SEED: Buffer.from(this.platform.seed).toString('hex'),
        ENVIRONMENT: 'test',
        OPS_PORT: '0',
        LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'error',
        COORDINATOR_EVERY_SECONDS: '0.05',
        HEARTBEAT_FLUSH_SECONDS: '0.05',
        ...settings,
      },
    });
  }

  /** Connections of others; made again after the broker was away. */
  async connect(): Promise<void> {
    this.gateway = await this.hub.service('gateway');
    this.contracts = await this.hub.service('contracts');
    this.listener = await this.hub.service('admin');
    this.listener.subscribe('evt.agents.>', {
      callback: (_, message) =>
        void this.heard.push({
          subject: message.subject,
          payload: parseExactJson(message.string()) as Record<string, unknown>,
        }),
    });
    await this.listener.flush();
  }

  async stopListening(): Promise<void> {
    await this.listener.close();
  }

  protected async stop(): Promise<void> {
    await this.service?.stop();
    await this.hub?.stop();
    await this.database?.drop();
  }

  /** The coordinator's clock jumps; nobody waits. */
  advance(seconds: number): void {
    this.aheadNs += secondsToNs(seconds);
  }

  ask<const D extends RequestDeclaration>(
    declaration: D,
    input: CallInput<D>,
    caller: Caller,
    idempotencyKey?: string,
  ): Promise<Answer<D>> {
    // The gateway may ask as itself only.
    const connection = caller.kind === 'service' ? this.listener : this.gateway;
    return askAs(connection, declaration, input, {
      caller,
      requestId: `r-${++this.requests}`,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  }

  /** From now on the contracts service answers from `contractStates`. */
  playContracts(): void {
    if (this.playsContracts) return;
    this.playsContracts = true;
    answerRequests(this.contracts, requests.contractStates, ({ body }) => ({
      states: body.contractIds.flatMap((contractId) => {
        const state = this.contractStates.get(contractId);
        return state ? [{ contractId, ...state }] : [];
      }),
    }));
  }

  /** A fact of the contracts service, as its relay would send it. */
  async say<F extends FactDeclaration>(
    declaration: F,
    payload: FactInput<F>,
    messageId = hex64(),
  ): Promise<void> {
    await sayFact(this.contracts, declaration, payload, messageId);
  }

  /** What the coordinator said of a contract, oldest first. */
  said<F extends FactDeclaration>(declaration: F, contractId: string): FactPayload<F>[] {
    return this.heard
      .filter(({ subject, payload }) => subject === declaration.subject && payload.contractId === contractId)
      .map(({ payload }) => (declaration.payload as unknown as z.ZodType).parse(payload) as FactPayload<F>);
  }

  /** All that the coordinator said of this kind, oldest first. */
  heardPayloads<F extends FactDeclaration>(declaration: F): FactPayload<F>[] {
    return this.heard
      .filter(({ subject }) => subject === declaration.subject)
      .map(({ payload }) => (declaration.payload as unknown as z.ZodType).parse(payload) as FactPayload<F>);
  }

  /** Subjects that were heard, of the coordinator's facts. */
  heardOf(prefix: string): string[] {
    return this.heard.map(({ subject }) => subject).filter((subject) => subject.startsWith(prefix));
  }

  saidOnce<F extends FactDeclaration>(declaration: F, contractId: string): Promise<FactPayload<F>> {
    return eventually(() => this.said(declaration, contractId)[0], { what: declaration.subject }) as Promise<
      FactPayload<F>
    >;
  }

  query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.service.database.query<Row>(text, values);
  }

  async metric(name: string, labels = ''): Promise<number> {
    const text = await this.service.metrics.registry.metrics();
    const line = text
      .split('\n')
      .find((one) => one.startsWith(name) && one.includes(labels) && !one.startsWith('#'));
    return line === undefined ? 0 : Number(line.split(' ').at(-1));
  }

  /** What the gateway asks about a request that an agent has signed, with its provider in the path. */
  signedBy(agentPublicKey: string, namedProvider?: string) {
    const body = { agentPublicKey, ...(namedProvider !== undefined && { namedProvider }) };
    return this.ask(requests.resolveDelegation, { body }, { kind: 'service', name: 'gateway' });
  }

  /** Every event that was published so far has been processed. */
  async settled(): Promise<void> {
    await eventually(async () => {
      const waiting = await this.metric('dc_agent_events_waiting', 'state="pending"');
      const unacked = await this.metric('dc_agent_events_waiting', 'state="unacked"');
      return waiting === 0 && unacked === 0;
    });
  }

  async stateOf(contractId: string): Promise<{ state: string; generation: number } | undefined> {
    const text = 'select state, generation from assignment where contract_id = $1';
    return (await this.query<{ state: string; generation: number }>(text, [contractId]))[0];
  }
}
