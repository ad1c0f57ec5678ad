import { checkPublicKey } from '@decent-cloud/identity';
import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { setUpAgent } from '@decent-cloud/messages/agents';
import { Database, type Sql } from '@decent-cloud/postgres';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { AgentsPrisma } from '../agents-prisma.ts';
import { faultOfToken } from '../setup-token/domain/setup-token.ts';
import { SetupTokenStore } from '../setup-token/setup-token.store.ts';
import { PlatformKey } from '../wire/platform-key.ts';
import { ALL_PERMISSIONS, DelegationStore } from './delegation.store.ts';
import { isActive } from './domain/liveness.ts';

/** Uses up a token and lets its agent act for the pool's provider, in one transaction. */
@Answers(setUpAgent)
export class SetUpAgent implements Verb<typeof setUpAgent> {
  constructor(
    private readonly database: Database,
    private readonly prisma: AgentsPrisma,
    private readonly tokens: SetupTokenStore,
    private readonly delegations: DelegationStore,
    private readonly platformKey: PlatformKey,
  ) {}

  async run({ body }: VerbInput<typeof setUpAgent>, { now }: VerbContext) {
    const fault = checkPublicKey(body.agentPubkey);
    if (fault !== 'ok') throw new Refusal('INVALID', 'KEY_UNACCEPTABLE', `Invalid agent_pubkey: ${fault}`);
    const poolId = await this.database.transaction((sql) =>
      this.join(sql, body.token, body.agentPubkey, now),
    );
    const pool = await this.prisma.pool.findUniqueOrThrow({ where: { poolId } });
    return {
      providerPubkey: pool.providerPublicKey,
      poolId: pool.poolId,
      poolName: pool.name,
      poolLocation: pool.location,
      provisionerType: pool.provisionerType,
      permissions: [...ALL_PERMISSIONS],
      platformPublicKey: this.platformKey.publicKeyHex,
    };
  }

  private async join(sql: Sql, text: string, agentPublicKey: string, now: bigint): Promise<string> {
    const token = await this.tokens.lock(sql, text);
    const fault = faultOfToken(token, agentPublicKey, now);
    if (fault || !token) {
      throw new Refusal('INVALID', 'SETUP_TOKEN_INVALID', fault ?? 'Invalid setup token');
    }
    const { poolId, label } = token;
    const [pool] = await sql.query<{ provider: string }>(
      'select provider_public_key as provider from pool where pool_id = $1 for share',
      [poolId],
    );
    if (!pool) throw new Refusal('INVALID', 'SETUP_TOKEN_INVALID', 'Invalid setup token');
    const fresh = { agentPublicKey, providerPublicKey: pool.provider, poolId, label };
    if (!(await this.delegations.insert(sql, fresh, now))) {
      const known = await this.delegations.lock(sql, agentPublicKey);
      if (known?.revokedAtNs !== null) {
        throw new Refusal('CONFLICT', 'KEY_TAKEN', 'This agent key was revoked. Register with a new key.');
      }
      if (known.providerPublicKey !== pool.provider) {
        throw new Refusal('CONFLICT', 'KEY_TAKEN', 'This agent key acts for another provider');
      }
      const isRepeat = token.usedByAgent === agentPublicKey;
      if (isRepeat && (known.poolId !== poolId || !isActive(known, now))) {
        throw new Refusal('INVALID', 'SETUP_TOKEN_INVALID', 'Setup token already used');
      }
      if (!isRepeat) await this.delegations.move(sql, fresh);
    }
    await this.tokens.markUsed(sql, text, agentPublicKey, now);
    return poolId;
  }
}
