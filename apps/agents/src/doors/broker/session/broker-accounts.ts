import { connectBus, makeStream } from '@decent-cloud/bus';
import { folded, upsAndDowns } from '@decent-cloud/kernel';
import { agentSubjects, streams } from '@decent-cloud/messages';
import { AccountPushError, pushAccountJwt } from '@decent-cloud/nats-auth';
import { Database } from '@decent-cloud/postgres';
import { Bus, LOGGER, type Logger, SETTINGS } from '@decent-cloud/runtime';
import { AckPolicy, JetStreamApiError, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { AgentsSettings } from '../../../settings.ts';
import { AccountClaims } from './account-claims.ts';
import { type AccountRow, AgentAccountStore } from './agent-account.store.ts';

const CONSUMER_NOT_FOUND = 10_014;
const ACK_WAIT_NS = 60_000_000_000;
/** Commands in hand of one agent; the broker holds the others back. */
const MAX_IN_HAND = 256;
const AT_ONCE = 16;
const RETRY_MS = 1_000;
const ACCOUNT_KEY = /^A[A-Z2-7]{55}$/;

/** Keeps the broker's accounts and consumers of agents as the database says. Every step may be repeated. */
@Injectable()
export class BrokerAccounts implements OnApplicationBootstrap, OnModuleDestroy {
  private system: NatsConnection | undefined;
  private manager: JetStreamManager | undefined;
  private following: Promise<void> | undefined;
  private readonly ensuring = new Map<string, Promise<void>>();

  constructor(
    private readonly bus: Bus,
    private readonly database: Database,
    private readonly accounts: AgentAccountStore,
    private readonly claims: AccountClaims,
    @Inject(SETTINGS) private readonly settings: AgentsSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.system = await connectBus({
      servers: this.settings.NATS_URL,
      name: 'agents (accounts)',
      credsFile: this.settings.NATS_SYS_CREDS_FILE,
    });
    this.manager = await jetstreamManager(this.bus.connection);
    this.following = this.followReconnects(this.system);
  }

  async onModuleDestroy(): Promise<void> {
    await this.system?.close();
    await this.following;
  }

  /** A broker that was away may have lost its accounts. */
  private async followReconnects(system: NatsConnection): Promise<void> {
    const sync = folded(() => this.syncAfterReconnect(system));
    const changeBy = upsAndDowns();
    for await (const status of system.status()) if (changeBy(status) === 'up') void sync();
  }

  private async syncAfterReconnect(system: NatsConnection): Promise<void> {
    while (!system.isClosed()) {
      try {
        return await this.syncAll();
      } catch (error) {
        this.logger.warn({ error }, 'accounts of agents are not compared with the broker yet; trying again');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /**
   * For an agent that wants to connect: its account is there. When thousands come back at once and lose their patience,
   * what they ask a second time adds no work.
   */
  ensure(agentPublicKey: string): Promise<void> {
    const known = this.ensuring.get(agentPublicKey);
    if (known) return known;
    const work = this.settle(agentPublicKey).finally(() => this.ensuring.delete(agentPublicKey));
    this.ensuring.set(agentPublicKey, work);
    return work;
  }

  /**
   * Brings one agent's account, and its consumer, to the broker as they stand in the database when this ends: a revocation
   * that comes in between wins.
   */
  async settle(agentPublicKey: string): Promise<void> {
    for (;;) {
      const account = await this.accounts.find(agentPublicKey);
      if (!account) return;
      await this.push(account);
      if (account.revokedAtNs === null) await this.ensureConsumer(account.accountPublicKey);
      else await this.deleteConsumer(account.accountPublicKey);
      if (await this.accounts.pushed(agentPublicKey, account.accountJwt)) return;
    }
  }

  /** What could not be brought to the broker when it changed. */
  async settleDue(): Promise<void> {
    for (const agentPublicKey of await this.accounts.due()) {
      // One that fails must not hold up the others; it stays due.
      await this.settle(agentPublicKey).catch((error: unknown) =>
        this.logger.warn({ error, agent: agentPublicKey }, 'the broker did not take the account'),
      );
    }
  }

  /** Makes lost streams again, pushes every account (nothing happens at the broker where it has the same claims), then compares the consumers. */
  readonly syncAll = folded(() => this.compareAll());

  private async compareAll(): Promise<void> {
    const wanted = new Set<string>();
    for (const stream of [streams.AGENT_CMD, streams.AGENT_EVT]) {
      await makeStream(this.jetstream, stream, this.settings.NATS_REPLICAS);
    }
    const existing = await this.consumersAtBroker();
    let last = '';
    for (;;) {
      const page = await this.accounts.after(last);
      if (page.length === 0) break;
      const queue = page.values();
      const work = async () => {
        for (const account of queue) await this.sync(account, existing, wanted);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      last = page.at(-1)?.agentPublicKey ?? '';
    }
    for (const account of existing) if (!wanted.has(account)) await this.deleteConsumer(account);
  }

  private async sync(account: AccountRow, existing: ReadonlySet<string>, wanted: Set<string>): Promise<void> {
    if (account.accountShape !== this.claims.shape) {
      const claims = await this.claims.ofAccount(
        account.accountPublicKey,
        account.revokedAtNs,
        account.usersFromSeconds,
      );
      await this.accounts.put(this.database, account.agentPublicKey, claims);
      return this.settle(account.agentPublicKey);
    }
    await this.push(account);
    if (account.revokedAtNs !== null) return;
    wanted.add(account.accountPublicKey);
    if (!existing.has(account.accountPublicKey)) await this.ensureConsumer(account.accountPublicKey);
  }

  private async push(account: AccountRow): Promise<void> {
    if (!this.system) throw new Error('the connection to the broker’s system account is not up yet');
    try {
      await pushAccountJwt(this.system, account.accountJwt);
    } catch (error) {
      if (error instanceof AccountPushError) throw error;
      throw new AccountPushError('the broker does not answer', { cause: error });
    }
  }

  private get jetstream(): JetStreamManager {
    if (!this.manager) throw new Error('not started');
    return this.manager;
  }

  private async consumersAtBroker(): Promise<Set<string>> {
    const names = new Set<string>();
    for await (const { name } of this.jetstream.consumers.list(streams.AGENT_CMD.name)) {
      if (ACCOUNT_KEY.test(name)) names.add(name);
    }
    return names;
  }

  private async ensureConsumer(account: string): Promise<void> {
    await this.jetstream.consumers.add(streams.AGENT_CMD.name, {
      durable_name: account,
      filter_subjects: [agentSubjects.commands(account)],
      ack_policy: AckPolicy.Explicit,
      ack_wait: ACK_WAIT_NS,
      max_ack_pending: MAX_IN_HAND,
    });
  }

  private async deleteConsumer(account: string): Promise<void> {
    try {
      await this.jetstream.consumers.delete(streams.AGENT_CMD.name, account);
    } catch (error) {
      if (!(error instanceof JetStreamApiError && error.code === CONSUMER_NOT_FOUND)) throw error;
    }
  }
}
