import { randomBytes } from 'node:crypto';
import { ensureStream } from '@decent-cloud/bus';
import { AGENT_API_PREFIX, agentSubjects, buckets, streams } from '@decent-cloud/messages';
import { userSeedOfEd25519 } from '@decent-cloud/nats-auth';
import { eventually, printFigures } from '@decent-cloud/testing';
import { AckPolicy, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Cast } from '../attack-list.ts';
import type { ScriptedAgent } from '../scripted-agent.ts';
import { Stage } from '../stage.ts';
import { type Attacker, listen, speak } from './attack.ts';
import { allIsStored, state } from './stored.ts';

const SECRET = `secret-${randomBytes(8).toString('hex')}`;
const OWN_COMMANDS = 300;
const SERVICE_INBOX = '_INBOX.of-a-service.1';
const ADMIN_INBOX = '_INBOX.admin';
const LAST_WORD = 'the last word';

interface Heard {
  readonly where: 'hub' | 'victim' | 'system';
  readonly subject: string;
  readonly text: string;
}

/**
 * An agent that attacks, one that is attacked, and observers everywhere. The coordinator rests meanwhile, so that all
 * that is heard in the hub comes from the attacker.
 */
export class HostileStage {
  /** The one that attacks. */
  agent!: ScriptedAgent;
  /** Its provider. */
  provider!: string;
  private victim!: ScriptedAgent;
  private manager!: JetStreamManager;
  private admin!: NatsConnection;
  private secrets!: NatsConnection;
  private readonly heard: Heard[] = [];
  private readonly observers: NatsConnection[] = [];
  /** What came to the attacker, on whatever it listened to. */
  private readonly got: string[] = [];

  private constructor(readonly stage: Stage) {}

  static forFile(): HostileStage {
    const hostile = new HostileStage(Stage.forFile());
    beforeAll(() => hostile.prepare(), 60_000);
    return hostile;
  }

  /** Connects with the session that the agent was given. */
  async asAgent(): Promise<Attacker> {
    const { key, session, account } = this.agent;
    return {
      connection: await this.stage.hub.connect(session.userJwt, userSeedOfEd25519(key.seed)),
      own: account,
      apiPrefix: AGENT_API_PREFIX,
    };
  }

  /** Runs the attack with everybody listening: what was heard, stored and changed outside the attacker's own. */
  async attack(who: string, attacker: Attacker) {
    const { own, connection } = attacker;
    const cast: Cast = {
      own,
      other: this.victim.account,
      inboxes: [SERVICE_INBOX, `_INBOX.${this.victim.account}.1`, '_R_.aaaaaa.1'],
      serverId: connection.info?.server_id ?? '',
    };
    await this.commandsFor(own);
    this.observers.push(
      await this.observe('hub', 'hub'),
      await this.observe('victim', this.victim.account),
      await this.observe('system', 'system', '$SYS.REQ.>'),
    );
    // Of one agent so much is kept and no more: it begins with nothing.
    await this.manager.streams.purge('AGENT_EVT', { filter: `agent.evt.v1.${own}` });
    const before = await state(this.manager, own);
    await this.heardByNow();
    this.heard.length = 0;
    this.got.length = 0;
    const told = await speak(attacker, cast, this.got);
    // One that is permitted comes after all others: what is heard before it is all that there is.
    connection.publish(agentSubjects.heartbeat(own), LAST_WORD);
    await connection.flush();
    await eventually(() => this.heard.some(({ text }) => text.startsWith(LAST_WORD)), { deadlineMs: 60_000 });
    await allIsStored(this.manager);
    await this.heardByNow();
    const all = this.heard.splice(0);
    for (const observer of this.observers.splice(0)) await observer.close();
    const outside = all.filter((one) => !isOwn(one, own) && !this.isOfThisSpec(one));
    const after = await state(this.manager, own);
    const listened = await listen(attacker, cast, this.got, () => this.tellSecrets(cast));
    const leaked = this.got.filter((text) => text.includes(SECRET));
    const storedOutside = after.stored - after.ofOwn - (before.stored - before.ofOwn);
    printFigures(who, {
      subjects: told.subjects,
      'API requests': told.api,
      'permitted requests': told.permitted,
      'times every reply subject': told.pairs,
      'messages sent': told.sent,
      'subjects listened to': listened,
      'its own: seen by observers': all.filter((one) => isOwn(one, own)).length,
      stored: after.ofOwn - before.ofOwn,
      'got back': this.got.length,
      'outside its own: seen': outside.length,
      'stored outside': storedOutside,
      'streams deleted': before.streams - after.streams,
      'secrets that reached it': leaked.length,
    });
    return { told, all, outside, before, after, leaked, listened, storedOutside };
  }

  private async prepare(): Promise<void> {
    const { stage } = this;
    ({ provider: this.provider, agent: this.agent } = await stage.oneAgent());
    ({ agent: this.victim } = await stage.oneAgent());
    await stage.service.stop();
    await this.agent.leave();
    await this.victim.leave();
    this.admin = await stage.hub.user('hub', undefined, ADMIN_INBOX);
    this.secrets = await stage.hub.user('hub');
    this.manager = await jetstreamManager(this.admin);
    for (const stream of Object.values(streams)) await ensureStream(this.manager, stream);
    for (const { name } of Object.values(buckets)) {
      await this.manager.streams.add({
        name: `KV_${name}`,
        subjects: [`$KV.${name}.>`],
        allow_direct: true,
        max_msgs_per_subject: 1,
      });
    }
    await jetstream(this.admin).publish(agentSubjects.command(this.victim.account, 'provision'), SECRET);
  }

  /** Somebody who hears everything in an account. */
  private async observe(where: Heard['where'], account: string, subject = '>'): Promise<NatsConnection> {
    const connection = await this.stage.hub.user(account);
    connection.subscribe(subject, {
      callback: (_error, message) =>
        void this.heard.push({
          where,
          subject: message.subject,
          text: `${message.string()} ${message.headers ?? ''}`,
        }),
    });
    await connection.flush();
    return connection;
  }

  /** What goes on among the others: none of it may reach the agent. */
  private async tellSecrets({ other, inboxes }: Cast): Promise<void> {
    for (const subject of [
      'evt.contracts.v1.contract-accepted',
      'req.accounts.v1.resolve-key',
      agentSubjects.command(other, 'provision'),
      agentSubjects.event(other, 'claimed'),
      agentSubjects.heartbeat(other),
      ...inboxes,
    ])
      this.secrets.publish(subject, SECRET);
    await this.secrets.flush();
  }

  /** A consumer that begins anew, with enough to read. */
  private async commandsFor(account: string): Promise<void> {
    if (account === this.agent.account) await this.manager.consumers.delete('AGENT_CMD', account);
    await this.manager.consumers.add('AGENT_CMD', {
      durable_name: account,
      filter_subjects: [agentSubjects.commands(account)],
      ack_policy: AckPolicy.Explicit,
      ack_wait: 60_000_000_000,
      max_ack_pending: 256,
    });
    const js = jetstream(this.admin);
    for (let index = 0; index < OWN_COMMANDS; index++)
      await js.publish(agentSubjects.command(account, 'provision'), `own command ${index}`);
  }

  private async heardByNow(): Promise<void> {
    for (const observer of this.observers) await observer.flush();
  }

  /**
   * What this spec itself asks the broker meanwhile; and the last pull of the coordinator, which the broker keeps alive
   * while observers listen to everything, its inbox too. No attack knows the name of that inbox.
   */
  private isOfThisSpec({ subject, text }: Heard): boolean {
    return (
      subject.startsWith(ADMIN_INBOX) ||
      (/^_INBOX\.agents\.\w{22}\.\d+$/.test(subject) &&
        /^ NATS\/1\.0 (100 Idle Heartbeat|408 Request Timeout)/.test(text)) ||
      (subject === '$JS.API.STREAM.LIST' && text === '{"offset":0} ') ||
      (subject === '$JS.EVENT.ADVISORY.API' &&
        text.includes('"subject":"$JS.API.STREAM.LIST"') &&
        text.includes(`"id":${this.admin.info?.client_id},`))
    );
  }
}

/**
 * Its own subjects (every account may ask the broker about itself, so some are in the system account), the broker's
 * answers on their way back, and the broker's notes about what it asked of its own.
 */
const isOwn = ({ where, subject, text }: Heard, own: string): boolean =>
  (where !== 'victim' && subject.includes(own)) ||
  (where === 'hub' && subject.startsWith('_R_.')) ||
  (where === 'hub' &&
    subject === '$JS.EVENT.ADVISORY.API' &&
    text.includes(`"subject":"$JS.API.CONSUMER.INFO.AGENT_CMD.${own}"`));
