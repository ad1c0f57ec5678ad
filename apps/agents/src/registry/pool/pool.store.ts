import { Refusal, secondsToNs } from '@decent-cloud/kernel';
import { Database, expression, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { AgentsPrisma } from '../../agents-prisma.ts';
import type { Page } from '../../page.ts';
import { ONLINE_SECONDS } from '../agent/domain/liveness.ts';
import { poolIdOf } from './domain/pool-id.ts';

export interface PoolRow {
  poolId: string;
  providerPublicKey: string;
  name: string;
  location: string;
  provisionerType: string;
  upgradeToVersion: string | null;
  createdAtNs: bigint;
}
export interface PoolWithFigures extends PoolRow {
  agentCount: number;
  onlineCount: number;
  activeContracts: number;
}

const poolRow = rowOf<PoolRow>()({
  poolId: 'pool_id',
  providerPublicKey: 'provider_public_key',
  name: 'name',
  location: 'location',
  provisionerType: 'provisioner_type',
  upgradeToVersion: 'upgrade_to_version',
  createdAtNs: 'created_at_ns',
});
const choiceRow = poolRow.pick('poolId', 'location', 'provisionerType');
/** $1 is the oldest heartbeat that still counts as online, $2 is now. */
const poolWithFiguresRow = poolRow.and<Omit<PoolWithFigures, keyof PoolRow>>()({
  agentCount: expression('count(a.agent_public_key)::int'),
  onlineCount: expression('(count(*) filter (where a.last_heartbeat_ns > $1))::int'),
  activeContracts: expression(
    'coalesce(sum(a.active_contracts) filter (where a.last_heartbeat_ns > $1), 0)::int',
  ),
});
const WITH_FIGURES = `select ${poolWithFiguresRow.selectFrom('p')}
  from pool p left join agent a on a.pool_id = p.pool_id and a.revoked_at_ns is null
    and (a.expires_at_ns is null or a.expires_at_ns > $2)`;
const onlineSince = (now: bigint) => now - secondsToNs(ONLINE_SECONDS);

@Injectable()
export class PoolStore {
  constructor(
    private readonly database: Database,
    private readonly prisma: AgentsPrisma,
  ) {}

  /** The pool that this operation made: repeating it finds the same one. */
  async create(
    pool: Pick<PoolRow, 'providerPublicKey' | 'name' | 'location' | 'provisionerType'>,
    operationId: string,
    now: bigint,
  ): Promise<PoolRow> {
    return this.prisma.pool.upsert({
      where: { operationId },
      update: {},
      create: { ...pool, poolId: poolIdOf(pool.name, operationId), operationId, createdAtNs: now },
    });
  }

  /** @throws Refusal NOT_FOUND when the provider has no such pool */
  async get(providerPublicKey: string, poolId: string, text = 'Pool not found'): Promise<PoolRow> {
    const pool = await this.prisma.pool.findFirst({ where: { poolId, providerPublicKey } });
    if (!pool) throw new Refusal('NOT_FOUND', 'POOL_NOT_FOUND', text);
    return pool;
  }

  /** @throws Error when there is none: for whoever has just seen it */
  find(poolId: string): Promise<PoolRow> {
    return this.prisma.pool.findUniqueOrThrow({ where: { poolId } });
  }

  /** Its provider; it cannot be deleted before the end of the transaction. */
  async keepWhileJoining(sql: Sql, poolId: string): Promise<string | undefined> {
    const [pool] = await sql.query<{ provider: string }>(
      'select provider_public_key as provider from pool where pool_id = $1 for share',
      [poolId],
    );
    return pool?.provider;
  }

  async getWithFigures(providerPublicKey: string, poolId: string, now: bigint): Promise<PoolWithFigures> {
    const [pool] = await poolWithFiguresRow.query(
      this.database,
      `${WITH_FIGURES} where p.provider_public_key = $3 and p.pool_id = $4 group by p.pool_id`,
      [onlineSince(now), now, providerPublicKey, poolId],
    );
    if (!pool) throw new Refusal('NOT_FOUND', 'POOL_NOT_FOUND', 'Pool not found');
    return pool;
  }

  listWithFigures(providerPublicKey: string, page: Page, now: bigint): Promise<PoolWithFigures[]> {
    return poolWithFiguresRow.query(
      this.database,
      `${WITH_FIGURES} where p.provider_public_key = $3 and ($4::text is null or
         (p.created_at_ns, p.pool_id) < (select created_at_ns, pool_id from pool where pool_id = $4 and provider_public_key = $3))
       group by p.pool_id order by p.created_at_ns desc, p.pool_id desc limit $5 offset $6`,
      [onlineSince(now), now, providerPublicKey, page.cursor ?? null, page.limit, page.offset],
    );
  }

  /** False when the provider has no such pool. */
  async update(
    providerPublicKey: string,
    poolId: string,
    changes: Partial<Pick<PoolRow, 'name' | 'location' | 'provisionerType'>>,
  ): Promise<boolean> {
    const { count } = await this.prisma.pool.updateMany({
      where: { poolId, providerPublicKey },
      data: changes,
    });
    return count === 1;
  }

  /** @throws Refusal while agents that are not revoked belong to it */
  async delete(providerPublicKey: string, poolId: string): Promise<void> {
    await this.database.transaction(async (sql) => {
      const [pool] = await sql.query(
        'select 1 from pool where pool_id = $1 and provider_public_key = $2 for update',
        [poolId, providerPublicKey],
      );
      if (!pool) throw new Refusal('NOT_FOUND', 'POOL_NOT_FOUND', 'Pool not found');
      const [agents] = await sql.query<{ count: number }>(
        'select count(*)::int as count from agent where pool_id = $1 and revoked_at_ns is null',
        [poolId],
      );
      if (agents && agents.count > 0) {
        throw new Refusal(
          'CONFLICT',
          'POOL_IN_USE',
          `Cannot delete pool with ${agents.count} active agents. Revoke agents first.`,
        );
      }
      await sql.query('delete from pool where pool_id = $1', [poolId]);
    });
  }

  /** Every pool of these providers, with whether an agent of it is online. */
  ofProviders(providerPublicKeys: readonly string[], now: bigint): Promise<PoolWithFigures[]> {
    return poolWithFiguresRow.query(
      this.database,
      `${WITH_FIGURES} where p.provider_public_key = any($3::text[])
       group by p.pool_id order by p.created_at_ns desc, p.pool_id desc limit 5000`,
      [onlineSince(now), now, providerPublicKeys],
    );
  }

  /** The pools among which the coordinator chooses, newest first. */
  choices(
    sql: Sql,
    providerPublicKey: string,
  ): Promise<Pick<PoolRow, 'poolId' | 'location' | 'provisionerType'>[]> {
    return choiceRow.query(
      sql,
      `select ${choiceRow.select} from pool
       where provider_public_key = $1 order by created_at_ns desc limit 1000`,
      [providerPublicKey],
    );
  }
}
