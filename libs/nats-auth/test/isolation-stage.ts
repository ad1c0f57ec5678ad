import { ensureStream } from '@decent-cloud/bus';
import { agentSubjects, streams } from '@decent-cloud/messages';
import { streamsOf, type TestAgent, TestHub } from '@decent-cloud/testing';
import { AckPolicy, type JetStreamManager, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

const STREAMS = [streams.AGENT_CMD, streams.AGENT_EVT, streams.FACTS];

/** A broker in operator mode with the streams of agents; the coordinator is played. */
export class IsolationStage {
  hub!: TestHub;
  coordinator!: NatsConnection;
  manager!: JetStreamManager;
  admin!: NatsConnection;

  /** Runs from before the first test of the file to after the last. */
  static forFile(): IsolationStage {
    const stage = new IsolationStage();
    beforeAll(() => stage.start(), 30_000);
    afterAll(() => stage.hub?.stop());
    return stage;
  }

  private async start(): Promise<void> {
    this.hub = await TestHub.start();
    this.coordinator = await this.hub.service('agents');
    this.admin = await this.hub.service('admin');
    ({ manager: this.manager } = await streamsOf(this.coordinator));
    for (const stream of STREAMS) await ensureStream(this.manager, stream);
  }

  readonly agentWithConsumer = async (): Promise<TestAgent> => {
    const agent = await this.hub.agent();
    await this.manager.consumers.add('AGENT_CMD', {
      durable_name: agent.account,
      filter_subjects: [agentSubjects.commands(agent.account)],
      ack_policy: AckPolicy.Explicit,
      ack_wait: 30_000_000_000,
    });
    return agent;
  };

  readonly command = (agent: TestAgent, text: string) =>
    jetstream(this.coordinator).publish(agentSubjects.command(agent.account, 'provision'), text);
  readonly countOf = async (stream: string) => (await this.manager.streams.info(stream)).state.messages;
  /** Of all streams. */
  readonly counts = () => Promise.all(STREAMS.map(({ name }) => this.countOf(name)));
  readonly consumerOf = (agent: TestAgent) => this.manager.consumers.info('AGENT_CMD', agent.account);
}
