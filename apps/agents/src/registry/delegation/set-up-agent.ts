import { checkPublicKey } from '@decent-cloud/identity';
import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { setUpAgent } from '@decent-cloud/messages/agents';
import { AGENT_PERMISSIONS } from '@decent-cloud/messages/words';
import { Database, type Sql } from '@decent-cloud/postgres';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { PlatformKey } from '../../commands/platform-key.ts';
import { type AgentRow, AgentStore } from '../agent/agent.store.ts';
import { isActive } from '../agent/domain/liveness.ts';
import { PoolStore } from '../pool/pool.store.ts';
import { faultOfToken } from '../setup-token/domain/setup-token.ts';
import { SetupTokenStore } from '../setup-token/setup-token.store.ts';
import { type AgentInvitation, AgentInvitationStore } from './agent-invitation.store.ts';
import { DelegationStore } from './delegation.store.ts';

/**
 * Uses up a token and lets its agent act for the pool's provider, in one transaction. A key that has not signed is only
 * noted: whoever names the key of another must not take it.
 */
@Answers(setUpAgent)
export class SetUpAgent implements Verb<typeof setUpAgent> {
  constructor(
    private readonly database: Database,
    private readonly pools: PoolStore,
    private readonly agents: AgentStore,
    private readonly tokens: SetupTokenStore,
    private readonly delegations: DelegationStore,
    private readonly invitations: AgentInvitationStore,
    private readonly platformKey: PlatformKey,
  ) {}

  async run({ body }: VerbInput<typeof setUpAgent>, { caller, now }: VerbContext) {
    const fault = checkPublicKey(body.agentPubkey);
    if (fault !== 'ok') throw new Refusal('INVALID', 'KEY_UNACCEPTABLE', `Invalid agent_pubkey: ${fault}`);
    const isSigned = caller.kind === 'user';
    if (isSigned && caller.publicKey !== body.agentPubkey) {
      throw new Refusal('FORBIDDEN', 'NOT_OWNER', 'An agent is set up unsigned, or signed by its own key');
    }
    const poolId = await this.database.transaction((sql) =>
      this.join(sql, body.token, body.agentPubkey, isSigned, now),
    );
    const pool = await this.pools.find(poolId);
    return {
      providerPubkey: pool.providerPublicKey,
      poolId: pool.poolId,
      poolName: pool.name,
      poolLocation: pool.location,
      provisionerType: pool.provisionerType,
      permissions: [...AGENT_PERMISSIONS],
      platformPublicKey: this.platformKey.publicKeyHex,
    };
  }

  private async join(
    sql: Sql,
    text: string,
    agentPublicKey: string,
    isSigned: boolean,
    now: bigint,
  ): Promise<string> {
    const token = await this.tokens.lock(sql, text);
    const fault = faultOfToken(token, agentPublicKey, now);
    if (fault || !token) {
      throw new Refusal('INVALID', 'SETUP_TOKEN_INVALID', fault ?? 'Invalid setup token');
    }
    const { poolId, label } = token;
    const providerPublicKey = await this.pools.keepWhileJoining(sql, poolId);
    if (providerPublicKey === undefined) {
      throw new Refusal('INVALID', 'SETUP_TOKEN_INVALID', 'Invalid setup token');
    }
    const isRepeat = token.usedByAgent === agentPublicKey;
    const fresh = { agentPublicKey, providerPublicKey, poolId, label };
    const known = await this.agents.lock(sql, agentPublicKey);
    if (known) await this.joinAgain(sql, known, fresh, isRepeat, now);
    else await this.joinFirst(sql, fresh, { isSigned, isRepeat }, now);
    await this.tokens.markUsed(sql, text, agentPublicKey, now);
    return poolId;
  }

  private async joinFirst(
    sql: Sql,
    fresh: AgentInvitation,
    { isSigned, isRepeat }: { readonly isSigned: boolean; readonly isRepeat: boolean },
    now: bigint,
  ): Promise<void> {
    const { agentPublicKey, providerPublicKey } = fresh;
    const noted = await this.invitations.find(sql, agentPublicKey, providerPublicKey);
    if (isRepeat && noted?.poolId !== fresh.poolId) throw usedAlready();
    if (!isSigned) return this.invitations.put(sql, fresh, now);
    await this.invitations.removeAll(sql, agentPublicKey);
    if (!(await this.delegations.insert(sql, fresh, now))) throw joinedMeanwhile();
  }

  /** Another pool of the same provider, or the same answer again. */
  private async joinAgain(
    sql: Sql,
    known: AgentRow,
    fresh: AgentInvitation,
    isRepeat: boolean,
    now: bigint,
  ): Promise<void> {
    if (known.revokedAtNs !== null) {
      throw new Refusal('CONFLICT', 'KEY_TAKEN', 'This agent key was revoked. Register with a new key.');
    }
    if (known.providerPublicKey !== fresh.providerPublicKey) {
      throw new Refusal('CONFLICT', 'KEY_TAKEN', 'This agent key acts for another provider');
    }
    if (isRepeat && (known.poolId !== fresh.poolId || !isActive(known, now))) throw usedAlready();
    if (!isRepeat) await this.delegations.move(sql, fresh);
  }
}

const usedAlready = () => new Refusal('INVALID', 'SETUP_TOKEN_INVALID', 'Setup token already used');
const joinedMeanwhile = () =>
  new Refusal('CONFLICT', 'KEY_TAKEN', 'This agent key has joined with another token at this moment');
