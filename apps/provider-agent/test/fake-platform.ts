import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeStream } from '@decent-cloud/bus';
import {
  generateKeyPair,
  parseSignatureHeaders,
  signedMessageV2,
  signMessage,
  verifyEd25519ph,
  verifyMessage,
} from '@decent-cloud/identity';
import { printExactJson, uuidV7 } from '@decent-cloud/kernel';
import {
  AGENT_API_PREFIX,
  type AgentCommand,
  type AgentEvent,
  type AgentHeartbeat,
  agentEvent,
  agentHeartbeat,
  agentSubjects,
  type DesiredMachine,
  type MachineAction,
  SNAPSHOT_METHOD,
  snapshotRequest,
  streams,
} from '@decent-cloud/messages';
import { eventually, type TestAgent, TestHub } from '@decent-cloud/testing';
import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

export const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;

export interface ReceivedEvent {
  readonly account: string;
  readonly event: AgentEvent;
  readonly text: string;
}

/** What the specs know of one agent. */
export interface FakeAgent {
  readonly agent: TestAgent;
  jwtLifeSeconds: number;
  desired: DesiredMachine[];
  snapshots: number;
  sessions: number;
}

/** The platform as an agent sees it: HTTP for the session, streams, commands and snapshots over a real broker. */
export class FakePlatform {
  readonly keys = generateKeyPair();
  readonly events: ReceivedEvent[] = [];
  readonly heartbeats: AgentHeartbeat[] = [];
  private readonly agents = new Map<string, FakeAgent>();
  private connection!: NatsConnection;
  private server!: Server;
  url = '';
  /** Sessions are refused. */
  refuses = false;
  /** Another process acts as the agents, on this host. */
  heldBy: string | undefined;
  /** What asked for a session, newest last. */
  readonly asked: object[] = [];
  /** Plain NATS URL that sessions name; by default that of the hub. */
  natsUrls: string[] | undefined;

  private constructor(readonly hub: TestHub) {}

  static async start(): Promise<FakePlatform> {
    const platform = new FakePlatform(await TestHub.start());
    await platform.attach();
    await platform.listen();
    return platform;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await this.hub.stop();
  }

  /** Connects the coordinator's side; again after a restart of the broker. */
  async attach(): Promise<void> {
    this.connection = await this.hub.service('agents');
    const manager = await jetstreamManager(this.connection);
    await makeStream(manager, streams.AGENT_CMD);
    await makeStream(manager, streams.AGENT_EVT);
    await manager.consumers.add('AGENT_EVT', {
      durable_name: 'agent-events',
      filter_subjects: ['agent.evt.v1.>'],
      ack_policy: AckPolicy.Explicit,
      ack_wait: 30_000_000_000,
      max_ack_pending: 512,
      max_deliver: 50,
    });
    const consumer = await jetstream(this.connection).consumers.get('AGENT_EVT', 'agent-events');
    const messages = await consumer.consume();
    void (async () => {
      for await (const message of messages) {
        this.events.push(this.believe(message.subject, message.string()));
        message.ack();
      }
    })();
    this.connection.subscribe('agent.hb.v1.>', {
      callback: (_, message) => void this.heartbeats.push(agentHeartbeat.parse(message.json())),
    });
    this.connection.subscribe(`agent.rpc.v1.*.${SNAPSHOT_METHOD}`, {
      queue: 'agents',
      callback: (_, message) => {
        const question = snapshotRequest.parse(message.json());
        if (!verifyMessage(question.agentPublicKey, message.json()))
          throw new Error('snapshot request is forged');
        const known = this.agents.get(question.agentPublicKey) as FakeAgent;
        known.snapshots++;
        message.respond(JSON.stringify(this.snapshotOf(known)));
      },
    });
    await this.connection.flush();
  }

  async newAgent(ackWaitSeconds = 30): Promise<FakeAgent> {
    const agent = await this.hub.agent();
    const known = { agent, jwtLifeSeconds: 3_600, desired: [], snapshots: 0, sessions: 0 };
    this.agents.set(agent.publicKeyHex, known);
    const manager = await jetstreamManager(this.connection);
    await manager.consumers.add('AGENT_CMD', {
      durable_name: agent.account,
      filter_subjects: [agentSubjects.commands(agent.account)],
      ack_policy: AckPolicy.Explicit,
      ack_wait: ackWaitSeconds * 1e9,
      max_deliver: -1,
    });
    return known;
  }

  command(
    { agent }: FakeAgent,
    kind: AgentCommand['kind'],
    machine?: DesiredMachine,
    options: {
      seed?: Uint8Array;
      agentPublicKey?: string;
      operation?: MachineAction;
      deadlineNs?: bigint;
    } = {},
  ): { commandId: string; text: string; send: () => Promise<void> } {
    const commandId = uuidV7(nowNs());
    const command = {
      v: 1,
      commandId,
      kind,
      agentPublicKey: options.agentPublicKey ?? agent.publicKeyHex,
      issuedAtNs: nowNs().toString(),
      deadlineNs: (options.deadlineNs ?? nowNs() + 600_000_000_000n).toString(),
      ...(machine && { machine }),
      ...(options.operation && { operation: options.operation }),
    };
    const text = JSON.stringify(signMessage(options.seed ?? this.keys.seed, command));
    return { commandId, text, send: () => this.send(agent, kind, text) };
  }

  async send(agent: TestAgent, kind: string, text: string): Promise<void> {
    await jetstream(this.connection).publish(agentSubjects.command(agent.account, kind), text);
  }

  eventsOf(contractId: string, kind?: string): AgentEvent[] {
    return this.events
      .map(({ event }) => event)
      .filter((event) => 'contractId' in event && event.contractId === contractId)
      .filter((event) => (kind === undefined ? event.kind !== 'progress' : event.kind === kind));
  }

  eventOf(contractId: string, kind: string, deadlineMs = 20_000): Promise<AgentEvent> {
    return eventually(() => this.eventsOf(contractId, kind)[0], {
      what: `${kind} of ${contractId}`,
      deadlineMs,
    });
  }

  /** Commands that the agent has not settled. */
  async unsettled({ agent }: FakeAgent): Promise<number> {
    const manager = await jetstreamManager(this.connection);
    const info = await manager.consumers.info('AGENT_CMD', agent.account);
    return info.num_pending + info.num_ack_pending;
  }

  /** How often the broker has given a command to the agent. */
  async deliveries({ agent }: FakeAgent): Promise<number> {
    const manager = await jetstreamManager(this.connection);
    return (await manager.consumers.info('AGENT_CMD', agent.account)).delivered.consumer_seq;
  }

  private snapshotOf({ agent, desired, snapshots }: FakeAgent): object {
    return signMessage(this.keys.seed, {
      v: 1,
      agentPublicKey: agent.publicKeyHex,
      version: String(snapshots),
      atNs: nowNs().toString(),
      machines: desired,
    });
  }

  private believe(subject: string, text: string): ReceivedEvent {
    const raw = JSON.parse(text) as { agentPublicKey: string };
    const account = subject.split('.')[3] as string;
    const known = this.agents.get(raw.agentPublicKey);
    if (known?.agent.account !== account) throw new Error(`event of ${raw.agentPublicKey} over ${account}`);
    if (!verifyMessage(raw.agentPublicKey, raw)) throw new Error('event is not signed by its agent');
    return { account, event: agentEvent.parse(raw), text };
  }

  private async listen(): Promise<void> {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => void chunks.push(chunk));
      request.on('end', () => {
        this.answer(request, Buffer.concat(chunks)).then(
          ([status, body]) => {
            response.writeHead(status, { 'content-type': 'application/json' });
            response.end(printExactJson(body));
          },
          (error: unknown) => response.destroy(error as Error),
        );
      });
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private async answer(
    { method = '', url: path = '', headers }: IncomingMessage,
    body: Uint8Array,
  ): Promise<[number, object]> {
    const refusal = (status: number, error: string, code?: string): [number, object] => [
      status,
      { success: false, error, ...(code !== undefined && { code }) },
    ];
    const known = this.agents.get(String(headers['x-agent-pubkey']));
    if (method === 'POST' && path === '/api/v1/agents/setup') {
      const data = {
        providerPubkey: 'ab'.repeat(32),
        poolId: 'berlin-1',
        poolName: 'Berlin',
        poolLocation: 'europe',
        provisionerType: 'local',
        permissions: ['provision'],
        platformPublicKey: this.keys.publicKeyHex,
      };
      return [200, { success: true, data }];
    }
    if (method !== 'POST' || path !== '/api/v1/agents/session') return refusal(404, 'Agent not found');
    if (this.refuses || !known || !isSigned(headers, path, body)) return refusal(401, 'no active delegation');
    const asking = JSON.parse(Buffer.from(body).toString()) as { instance?: object };
    this.asked.push(asking);
    if (asking.instance && this.heldBy !== undefined) {
      const text = `Another process acts as this agent on the host "${this.heldBy}"`;
      return refusal(409, text, 'AGENT_INSTANCE_HELD');
    }
    known.sessions++;
    const data = {
      natsUrls: this.natsUrls ?? [this.hub.nats.url],
      websocketUrls: [this.hub.nats.websocketUrl],
      userJwt: await known.agent.jwt({ lifeSeconds: known.jwtLifeSeconds }),
      accountPublicKey: known.agent.account,
      apiPrefix: AGENT_API_PREFIX,
      expiresAtNs: nowNs() + BigInt(known.jwtLifeSeconds) * 1_000_000_000n,
      platformPublicKey: this.keys.publicKeyHex,
      heartbeatSeconds: 1,
    };
    return [200, { success: true, data }];
  }
}

function isSigned(headers: IncomingMessage['headers'], path: string, body: Uint8Array): boolean {
  const parsed = parseSignatureHeaders(headers, { nowNs: nowNs(), kind: 'agent' });
  if (parsed.refused) return false;
  const { timestamp, nonce, publicKey, signature } = parsed;
  const signed = { timestamp, nonce, method: 'POST', host: headers.host ?? '', path, query: '', body };
  return verifyEd25519ph(publicKey, signature, signedMessageV2(signed));
}
