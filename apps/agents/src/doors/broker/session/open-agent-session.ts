import { NS_PER_MS, NS_PER_SECOND, nsToSeconds, Refusal } from '@decent-cloud/kernel';
import { AGENT_API_PREFIX, type VerbInput } from '@decent-cloud/messages';
import { openAgentSession } from '@decent-cloud/messages/agents';
import { AGENT_USER_LIFE_SECONDS, newAccountWithoutSeed } from '@decent-cloud/nats-auth';
import { Database, type Sql } from '@decent-cloud/postgres';
import {
  Answers,
  LOGGER,
  type Logger,
  requireAgent,
  SETTINGS,
  type Verb,
  type VerbContext,
} from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { PlatformKey } from '../../../commands/platform-key.ts';
import { AgentStore } from '../../../registry/agent/agent.store.ts';
import { HEARTBEAT_SECONDS, isActive } from '../../../registry/agent/domain/liveness.ts';
import type { Holder } from '../../../registry/instance/domain/admission.ts';
import { Instances } from '../../../registry/instance/instances.ts';
import type { AgentsSettings } from '../../../settings.ts';
import { AccountClaims } from './account-claims.ts';
import { AgentAccountStore } from './agent-account.store.ts';
import { BrokerAccounts } from './broker-accounts.ts';

/** Gives an agent what it signs in at the broker with, for an hour; its account there is made the first time. */
@Answers(openAgentSession)
export class OpenAgentSession implements Verb<typeof openAgentSession> {
  constructor(
    private readonly database: Database,
    private readonly agents: AgentStore,
    private readonly accounts: AgentAccountStore,
    private readonly broker: BrokerAccounts,
    private readonly claims: AccountClaims,
    private readonly platformKey: PlatformKey,
    private readonly instances: Instances,
    @Inject(SETTINGS) private readonly settings: AgentsSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async run({ body }: VerbInput<typeof openAgentSession>, { caller, now }: VerbContext) {
    const { publicKey } = requireAgent(caller);
    const known = await this.agents.find(publicKey);
    // While the broker is away nobody is heard, and that means nothing.
    if (known?.instanceId && known.instanceId !== body.instance?.instanceId)
      await this.reachBroker(publicKey);
    const { account, turnedAway } = await this.database.transaction((sql) =>
      this.accountOf(sql, publicKey, body, now),
    );
    if (turnedAway) throw turnedAway;
    await this.reachBroker(publicKey);
    const after = await this.agents.find(publicKey);
    if (!after || !isActive(after, now)) throw notDelegated();
    const lifeEnd = nsToSeconds(now) + BigInt(AGENT_USER_LIFE_SECONDS);
    const expiresAt =
      after.expiresAtNs !== null && nsToSeconds(after.expiresAtNs) < lifeEnd
        ? nsToSeconds(after.expiresAtNs)
        : lifeEnd;
    const urls = this.settings.AGENT_NATS_URLS;
    const isWebsocket = (url: string) => /^wss?:/.test(url);
    return {
      natsUrls: urls.filter((url) => !isWebsocket(url)),
      websocketUrls: urls.filter(isWebsocket),
      userJwt: await this.claims.ofUser(account, publicKey, Number(expiresAt), body.visit === true),
      accountPublicKey: account,
      apiPrefix: AGENT_API_PREFIX,
      expiresAtNs: expiresAt * NS_PER_SECOND,
      platformPublicKey: this.platformKey.publicKeyHex,
      heartbeatSeconds: HEARTBEAT_SECONDS,
    };
  }

  private async reachBroker(publicKey: string): Promise<void> {
    try {
      await this.broker.ensure(publicKey);
    } catch (error) {
      this.logger.warn({ error }, 'no session: the broker did not take the account');
      throw new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'The broker is not reachable', {
        cause: error,
      });
    }
  }

  /** That somebody was turned away is written down, so the refusal comes after the end of the transaction. */
  private async accountOf(
    sql: Sql,
    publicKey: string,
    { instance, visit }: VerbInput<typeof openAgentSession>['body'],
    now: bigint,
  ): Promise<{ readonly account: string; readonly turnedAway?: Refusal | undefined }> {
    const agent = await this.agents.lock(sql, publicKey);
    if (!agent || !isActive(agent, now) || !agent.permissions.includes('provision')) throw notDelegated();
    const account = agent.accountPublicKey ?? newAccountWithoutSeed();
    const isFirst = agent.accountPublicKey === null;
    if (visit) {
      if (isFirst) await this.accounts.put(sql, publicKey, await this.claims.ofAccount(account, null, null));
      return { account };
    }
    const { admit, holder } = await this.instances.admit(sql, publicKey, instance, now);
    if (admit === 'refused') return { account, turnedAway: held(holder) };
    await this.agents.stopPolling(sql, publicKey);
    const isAnother = admit === 'new' && (instance !== undefined || holder !== undefined);
    if (isFirst || isAnother) {
      // Whoever was let in before, from wherever, is cut off.
      const usersFromSeconds = isAnother ? this.claims.upToNow() : null;
      await this.accounts.put(sql, publicKey, await this.claims.ofAccount(account, null, usersFromSeconds));
    }
    return { account };
  }
}

const held = (holder: Holder | undefined) => {
  const since = holder ? ` on the host "${holder.host}" since ${isoOfNs(holder.beganAtNs)}` : '';
  const text = `Another process acts as this agent${since}`;
  return new Refusal('CONFLICT', 'AGENT_INSTANCE_HELD', text);
};
const isoOfNs = (ns: bigint): string => new Date(Number(ns / NS_PER_MS)).toISOString();

const notDelegated = () =>
  new Refusal('UNAUTHENTICATED', 'DELEGATION_MISSING', 'This agent key has no active delegation');
