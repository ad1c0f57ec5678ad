import { Refusal } from '@decent-cloud/kernel';
import { agentSubjects } from '@decent-cloud/messages/agents/protocol';
import type { CoreLink } from '../../provider-agent/src/agent/core.ts';
import type { PullConnection } from '../../provider-agent/src/link/command-pull.ts';
import { NotConnectedError } from '../../provider-agent/src/link/not-connected.ts';
import { AgentConsumer } from './agent-consumer.ts';
import type { Agents } from './agents.ts';
import { MS, type Node, type Process } from './kernel.ts';
import type { Surroundings } from './service.ts';

export interface AgentLinkOptions {
  readonly node: Node;
  readonly account: string;
  readonly platform: Agents;
  readonly around: Surroundings;
  /** False while it is cut. */
  readonly isThere: () => boolean;
  /** Told of every event that the agent says. */
  readonly onSaid: (eventId: string) => void;
}

/** The way of one process of an agent to the platform, over the model of the broker. */
export class AgentLink implements CoreLink {
  readonly knowsTime = true;
  readonly heartbeatSeconds = 15;
  readonly consumer: AgentConsumer;
  private readonly upListeners: (() => void)[] = [];
  private readonly connectedListeners: ((connected: PullConnection) => void)[] = [];
  private readonly connection: PullConnection;
  private isNew = true;
  private isClosed = false;

  constructor(private readonly options: AgentLinkOptions) {
    const { around, node, account } = options;
    this.consumer = new AgentConsumer(around.kernel, node, () => this.connected);
    this.connection = {
      connection: { isClosed: () => this.isClosed },
      js: { consumers: { get: async () => this.consumer } },
      session: { accountPublicKey: account },
    };
  }

  get connected(): boolean {
    return !this.isClosed && this.options.isThere();
  }

  platformNow(): bigint {
    return this.options.around.kernel.nowOf(this.options.node);
  }

  status(): ReturnType<CoreLink['status']> {
    return { state: this.connected ? 'connected' : 'connecting' };
  }

  onUp(listener: () => void): void {
    this.upListeners.push(listener);
  }

  onConnected(listener: (connected: PullConnection) => void): void {
    this.connectedListeners.push(listener);
  }

  /** One that comes back is the same connection. */
  isCurrent(): boolean {
    return !this.isClosed;
  }

  /** It is there, for the first time or again. */
  up(): void {
    for (const listener of this.upListeners) listener();
    if (!this.isNew) return;
    this.isNew = false;
    for (const listener of this.connectedListeners) listener(this.connection);
  }

  close(): void {
    this.isClosed = true;
  }

  settle(ackSubject: string, answer: string): void {
    // One that does not get through ends the work, too: the broker gives the command again when its time is over.
    this.consumer.settle(ackSubject, answer);
    this.mustBeUp();
  }

  async flush(): Promise<void> {
    const { around, node } = this.options;
    this.mustBeUp();
    await around.kernel.sleep(node, around.kernel.random.int(200, 3 * MS));
  }

  async publishEvent(kind: string, text: string, eventId: string): Promise<void> {
    const { around, account, onSaid } = this.options;
    this.mustBeUp();
    const subject = agentSubjects.event(account, kind);
    onSaid(eventId);
    around.recorder.said(subject);
    await this.wait('agent publishes', around.broker.publish(subject, eventId, JSON.parse(text)));
    this.mustBeUp();
  }

  publishHeartbeat(text: string): void {
    const { around, node, platform, account } = this.options;
    const { kernel, faults, broker } = around;
    this.mustBeUp();
    if (broker.isDown || faults.hits('heartbeat-lost', node.name)) return;
    kernel.in(kernel.random.int(MS, 20 * MS), () => {
      if (platform.isUp) platform.hearHeartbeat(account, JSON.parse(text));
    });
  }

  async request(method: string, text: string): Promise<string> {
    const { node, platform, account } = this.options;
    this.mustBeUp();
    const answer = await this.wait(
      'agent asks',
      platform.ask(node.name, method, () => platform.snapshot(account, JSON.parse(text))),
    );
    this.mustBeUp();
    if (answer === undefined) throw new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'No answer');
    return JSON.stringify(answer);
  }

  /** What was under way when the link was cut is not known. */
  private mustBeUp(): void {
    if (!this.connected) throw new NotConnectedError('not connected');
  }

  private wait<T>(doing: string, process: Process<T>): Promise<T> {
    const { around, node } = this.options;
    return around.kernel.wait(node, around.kernel.spawn(node, doing, process));
  }
}
