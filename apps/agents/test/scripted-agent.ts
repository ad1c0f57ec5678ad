import { generateKeyPair, type KeyPair, signMessage, verifyMessage } from '@decent-cloud/identity';
import { secondsToNs, uuidV7 } from '@decent-cloud/kernel';
import {
  AGENT_API_PREFIX,
  type AgentCommand,
  type Answer,
  agentCommand,
  agentSubjects,
  type Caller,
  type CallInput,
  type DesiredSnapshot,
  desiredSnapshot,
  type RequestDeclaration,
  SNAPSHOT_METHOD,
} from '@decent-cloud/messages';
import { openAgentSession } from '@decent-cloud/messages/agents';
import { userSeedOfEd25519 } from '@decent-cloud/nats-auth';
import { eventually } from '@decent-cloud/testing';
import { jetstream } from '@nats-io/jetstream';
import { connect, jwtAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import type { Instance } from '../src/registry/instance/domain/admission.ts';

/** Where an agent of a spec acts. */
interface Stage {
  clock(): bigint;
  ask<const D extends RequestDeclaration>(
    declaration: D,
    input: CallInput<D>,
    caller: Caller,
  ): Promise<Answer<D>>;
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** An agent that does what a spec tells it: signs properly, pulls its commands, says what it is told to say. */
export class ScriptedAgent {
  readonly commands: AgentCommand[] = [];
  session!: Answer<typeof openAgentSession>;
  connection!: NatsConnection;
  private instance: Instance | undefined;
  private seq = 0;

  constructor(
    private readonly stage: Stage,
    private readonly provider: string,
    readonly key: KeyPair = generateKeyPair(),
  ) {}

  get publicKey(): string {
    return this.key.publicKeyHex;
  }
  get account(): string {
    return this.session.accountPublicKey;
  }
  get caller(): Caller {
    return {
      kind: 'agent',
      publicKey: this.publicKey,
      providerPublicKey: this.provider,
      permissions: ['provision'],
    };
  }

  /** Names its process from now on. */
  as(instance: Instance): this {
    this.instance = instance;
    return this;
  }

  async openSession(): Promise<void> {
    const body = this.instance ? { instance: this.instance } : {};
    this.session = await this.stage.ask(openAgentSession, { body }, this.caller);
  }

  async connect(url = this.session.natsUrls[0] ?? ''): Promise<void> {
    const seed = new TextEncoder().encode(userSeedOfEd25519(this.key.seed));
    this.connection = await connect({
      servers: url,
      authenticator: jwtAuthenticator(this.session.userJwt, seed),
      reconnect: false,
      timeout: 10_000,
    });
    const js = jetstream(this.connection, { apiPrefix: AGENT_API_PREFIX });
    const consumer = await js.consumers.get('AGENT_CMD', this.account);
    const messages = await consumer.consume({ max_messages: 10 });
    void (async () => {
      for await (const message of messages) {
        this.commands.push(this.believe(message.json()));
        message.ack();
      }
    })().catch((error) => {
      if (!this.connection.isClosed()) throw error;
    });
  }

  async leave(): Promise<void> {
    if (this.connection && !this.connection.isClosed()) await this.connection.close();
  }

  private believe(raw: unknown): AgentCommand {
    if (!verifyMessage(this.session.platformPublicKey, raw)) throw new Error('a command that nobody signed');
    return agentCommand.parse(raw);
  }

  private sign<T extends object>(message: T, key = this.key) {
    return signMessage(key.seed, message);
  }

  private get named() {
    return this.instance ? { instanceId: this.instance.instanceId } : {};
  }

  /** Beats and waits until the coordinator has written it down. */
  async beat(freeSlots = 4): Promise<void> {
    const heartbeat = this.heartbeat(freeSlots);
    const atNs = BigInt(heartbeat.atNs);
    this.publishHeartbeat(heartbeat);
    await eventually(async () => {
      const [row] = await this.stage.query<{ at: bigint | null }>(
        'select last_heartbeat_ns as at from agent where agent_public_key = $1',
        [this.publicKey],
      );
      return row?.at != null && row.at >= atNs;
    });
  }

  heartbeat(freeSlots: number) {
    return {
      v: 1,
      agentPublicKey: this.publicKey,
      ...this.named,
      atNs: this.stage.clock().toString(),
      version: '1.2.3',
      provisionerTypes: ['docker'],
      activeContracts: 0,
      freeSlots,
      resources: { cpuCores: 8 },
    };
  }

  publishHeartbeat(heartbeat: object): void {
    this.connection.publish(agentSubjects.heartbeat(this.account), JSON.stringify(this.sign(heartbeat)));
  }

  event(kind: string, members: object = {}): Record<string, unknown> {
    const now = this.stage.clock();
    return {
      v: 1,
      kind,
      eventId: uuidV7(now),
      agentPublicKey: this.publicKey,
      ...this.named,
      seq: ++this.seq,
      atNs: now.toString(),
      ...members,
    };
  }

  /** Signs an event and publishes it as often as told, each time as a message of its own. */
  async report(event: object, options: { times?: number; key?: KeyPair } = {}): Promise<void> {
    const text = JSON.stringify(this.sign(event, options.key));
    for (let time = 0; time < (options.times ?? 1); time++)
      await this.publish('kind' in event ? String(event.kind) : 'x', text);
  }

  async publish(kind: string, text: string): Promise<void> {
    const js = jetstream(this.connection, { apiPrefix: AGENT_API_PREFIX });
    await js.publish(agentSubjects.event(this.account, kind), text, { msgID: uuidV7(this.stage.clock()) });
  }

  claimed = (contractId: string, generation = 1) => this.event('claimed', { contractId, generation });
  terminated = (contractId: string, generation = 1) => this.event('terminated', { contractId, generation });
  failed = (contractId: string, generation: number, failure: string) =>
    this.event('failed', {
      contractId,
      generation,
      payload: { class: failure, code: 'no-luck', message: 'it did not work', resourcesLeft: [] },
    });
  provisioned = (contractId: string, generation = 1, instance: object = {}) =>
    this.event('provisioned', {
      contractId,
      generation,
      payload: {
        instance: {
          externalId: `dc-${generation}`,
          provisionerType: 'docker',
          publicIp: '127.0.0.1',
          sshPort: 2_222,
          sshUser: 'root',
          ...instance,
        },
        credentials: [{ recipientPublicKey: 'ab'.repeat(32), envelope: '{"version":2}' }],
      },
    });
  observed = (machines: object[], agoSeconds = 0) =>
    this.event('observed', {
      payload: { machines },
      atNs: (this.stage.clock() - secondsToNs(agoSeconds)).toString(),
    });

  commandsFor(contractId: string, kind: AgentCommand['kind']): AgentCommand[] {
    return this.commands.filter(
      (command) => command.kind === kind && command.machine?.contractId === contractId,
    );
  }

  command(contractId: string, kind: AgentCommand['kind'], generation = 1): Promise<AgentCommand> {
    return eventually(
      () => this.commandsFor(contractId, kind).find(({ machine }) => machine?.generation === generation),
      { what: `${kind} of generation ${generation}` },
    );
  }

  async snapshot(): Promise<DesiredSnapshot> {
    const request = this.sign({
      v: 1,
      agentPublicKey: this.publicKey,
      ...this.named,
      atNs: this.stage.clock().toString(),
    });
    const subject = agentSubjects.rpc(this.account, SNAPSHOT_METHOD);
    const reply = await this.connection.request(subject, JSON.stringify(request), { timeout: 5_000 });
    if (!verifyMessage(this.session.platformPublicKey, reply.json())) throw new Error('nobody signed it');
    return desiredSnapshot.parse(reply.json());
  }
}
