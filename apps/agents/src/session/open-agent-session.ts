import { NS_PER_SECOND, nsToSeconds, Refusal } from '@decent-cloud/kernel';
import { AGENT_API_PREFIX } from '@decent-cloud/messages';
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
import { DelegationStore } from '../delegation/delegation.store.ts';
import { HEARTBEAT_SECONDS, isActive } from '../delegation/domain/liveness.ts';
import type { AgentsSettings } from '../settings.ts';
import { PlatformKey } from '../wire/platform-key.ts';
import { AccountClaims } from './account-claims.ts';
import { AgentAccountStore } from './agent-account.store.ts';
import { BrokerAccounts } from './broker-accounts.ts';

/** Gives an agent what it signs in at the broker with, for an hour; its account there is made the first time. */
@Answers(openAgentSession)
export class OpenAgentSession implements Verb<typeof openAgentSession> {
  constructor(
    private readonly database: Database,
    private readonly delegations: DelegationStore,
    private readonly accounts: AgentAccountStore,
    private readonly broker: BrokerAccounts,
    private readonly claims: AccountClaims,
    private readonly platformKey: PlatformKey,
    @Inject(SETTINGS) private readonly settings: AgentsSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async run(_input: object, { caller, now }: VerbContext) {
    const { publicKey } = requireAgent(caller);
    const account = await this.database.transaction((sql) => this.accountOf(sql, publicKey, now));
    try {
      await this.broker.ensure(publicKey);
    } catch (error) {
      this.logger.warn({ error }, 'no session: the broker did not take the account');
      throw new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'The broker is not reachable', {
        cause: error,
      });
    }
    const after = await this.delegations.find(publicKey);
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
      userJwt: await this.claims.ofUser(account, publicKey, Number(expiresAt)),
      accountPublicKey: account,
      apiPrefix: AGENT_API_PREFIX,
      expiresAtNs: expiresAt * NS_PER_SECOND,
      platformPublicKey: this.platformKey.publicKeyHex,
      heartbeatSeconds: HEARTBEAT_SECONDS,
    };
  }

  private async accountOf(sql: Sql, publicKey: string, now: bigint): Promise<string> {
    const agent = await this.delegations.lock(sql, publicKey);
    if (!agent || !isActive(agent, now) || !agent.permissions.includes('provision')) throw notDelegated();
    await sql.query('update agent set polls = false where agent_public_key = $1 and polls', [publicKey]);
    if (agent.accountPublicKey !== null) return agent.accountPublicKey;
    const account = newAccountWithoutSeed();
    await this.accounts.put(sql, publicKey, await this.claims.ofAccount(account, null));
    return account;
  }
}

const notDelegated = () =>
  new Refusal('UNAUTHENTICATED', 'DELEGATION_MISSING', 'This agent key has no active delegation');
