import { Writable } from 'node:stream';
import { type Clock, parseExactJson, printExactJson, Refusal } from '@decent-cloud/kernel';
import { type BusRequest, type EndpointDeclaration, streams } from '@decent-cloud/messages';
import { namesOfKeys, resolveDelegation, resolveKey } from '@decent-cloud/messages/requests';
import { answerRequests, serviceKeysFor, startTestNats, type TestNats } from '@decent-cloud/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { pino } from 'pino';
import { type RunningGateway, startGateway } from '../src/start-gateway.ts';
import { notes } from './notes.ts';

/** Accounts that the specs play: owners by public key. */
export interface PlayedAccounts {
  readonly owners: Map<
    string,
    {
      status: 'active' | 'disabled' | 'unknown';
      accountId?: string | undefined;
      isAdmin?: boolean | undefined;
    }
  >;
  readonly delegations: Map<string, { providerPublicKey: string; permissions: string[] }>;
}

/** A broker, gateways at it, and the services behind them, played. */
export class World {
  readonly gateways: RunningGateway[] = [];
  readonly logLines: string[] = [];
  readonly owners: PlayedAccounts['owners'] = new Map();
  readonly delegations: PlayedAccounts['delegations'] = new Map();
  /** Which provider the path of an agent's request named, newest last. */
  readonly namedProviders: (string | undefined)[] = [];
  /** What reached the played service, newest last. */
  readonly received: BusRequest[] = [];
  keyQuestions = 0;

  nats!: TestNats;
  bus!: NatsConnection;

  private async start(): Promise<void> {
    this.nats = await startTestNats();
    this.bus = await connect({ servers: this.nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    await this.makeFacts();
    this.playAccounts();
    this.playNotes();
  }

  /** Runs from before the first test of the file to after the last. */
  static forFile(): World {
    const world = new World();
    beforeAll(() => world.start());
    afterAll(() => world.stop());
    return world;
  }

  /** Begins anew, and empty, for each test. */
  static forEachTest(): World {
    const world = new World();
    beforeEach(() => world.start());
    afterEach(() => world.stop());
    return world;
  }

  /** The stream of facts, as the services make it. */
  async makeFacts(): Promise<void> {
    const manager = await jetstreamManager(this.bus);
    await manager.streams.add({ name: streams.FACTS.name, subjects: [...streams.FACTS.subjects] });
  }

  async gateway(
    env: Record<string, string> = {},
    endpoints: Record<string, EndpointDeclaration> = notes,
    clock?: Clock,
  ) {
    const logger = pino(
      { level: 'info', serializers: { error: pino.stdSerializers.errWithCause } },
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          this.logLines.push(chunk.toString());
          done();
        },
      }),
    );
    const gateway = await startGateway({
      env: {
        NATS_URL: this.nats.url,
        SERVICE_KEYS: serviceKeysFor('gateway'),
        ENVIRONMENT: 'test',
        PORT: '0',
        HOST: '127.0.0.1',
        OPS_PORT: '0',
        SERVICE_TIMEOUT_MS: '400',
        ...env,
      },
      endpoints,
      ...(clock && { clock }),
      handleSignals: false,
      logger,
    });
    this.gateways.push(gateway);
    return gateway;
  }

  /** Log lines of level error or worse. */
  errorLines(): string[] {
    return this.logLines.filter((line) => (JSON.parse(line) as { level: number }).level >= 50);
  }

  private async stop(): Promise<void> {
    for (const gateway of this.gateways.splice(0)) await gateway.stop();
    await this.bus?.close();
    await this.nats?.stop();
    for (const list of [this.logLines, this.namedProviders, this.received]) list.length = 0;
    for (const map of [this.owners, this.delegations]) map.clear();
    this.keyQuestions = 0;
  }

  private playAccounts(): void {
    answerRequests(this.bus, resolveKey, ({ body }) => {
      this.keyQuestions++;
      return this.owners.get(body.publicKey) ?? { status: 'unknown' as const };
    });
    answerRequests(this.bus, namesOfKeys, ({ body }) => ({
      names: Object.fromEntries(body.publicKeys.map((key) => [key, 'bob'])),
    }));
    answerRequests(this.bus, resolveDelegation, ({ body }) => {
      this.namedProviders.push(body.namedProvider);
      const found = this.delegations.get(body.agentPublicKey);
      return found
        ? { active: true, ...found, permissions: found.permissions as 'provision'[] }
        : { active: false, permissions: [] };
    });
  }

  /** Gives back what came in; some verbs answer in their own way. */
  private playNotes(): void {
    this.bus.subscribe('req.contracts.v1.*', {
      callback: (_error, message) => {
        const verb = message.subject.split('.')[3];
        // Asked after time and health: these notes have neither.
        if (message.data.length === 0) return;
        const request = parseExactJson(message.string()) as BusRequest;
        this.received.push(request);
        if (verb?.startsWith('silent')) return;
        const refused = request.body as { refuse?: [Refusal['code'], Refusal['reason'], string] } | undefined;
        if (refused?.refuse) {
          message.respond(printExactJson({ refusal: new Refusal(...refused.refuse) }));
        } else if (verb === 'broken') {
          message.respond(printExactJson({ fault: { requestId: request.requestId } }));
        } else if (verb === 'csv') message.respond(printExactJson({ data: 'a,b\n1,2\n' }));
        else if (verb === 'remove') message.respond('{"data":null}');
        else message.respond(printExactJson({ data: { verb, ...request } }));
      },
    });
  }
}
