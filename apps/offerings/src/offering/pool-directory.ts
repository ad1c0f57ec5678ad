import { Refusal } from '@decent-cloud/kernel';
import { requests } from '@decent-cloud/messages';
import { Bus, Directory } from '@decent-cloud/runtime';
import { Injectable } from '@nestjs/common';
import type { Pool } from './domain/pool.ts';

const KEPT_MS = 2_000;

/** Pools of providers and whether an agent of theirs is online, at most two seconds old. */
@Injectable()
export class PoolDirectory {
  private readonly pools: Directory<string, readonly Pool[]>;

  constructor(bus: Bus) {
    this.pools = new Directory<string, readonly Pool[]>({
      name: 'pools of providers',
      ask: async (providerPublicKeys, timeoutMs) => {
        const body = { providerPublicKeys };
        const { pools } = await bus.ask(requests.poolsOnline, { body }, { timeoutMs });
        return Map.groupBy(pools, ({ providerPublicKey }) => providerPublicKey);
      },
      keysAtOnce: 200,
      timeoutMs: 1_000,
      mostKept: 20_000,
      keptMs: KEPT_MS,
      unknownKeptMs: KEPT_MS,
      whenSilent: 'throw',
    });
  }

  /** Pools by provider, of those who have any. @throws Refusal UNAVAILABLE while the agents service does not answer */
  poolsOf(providerPublicKeys: Iterable<string>): Promise<ReadonlyMap<string, readonly Pool[]>> {
    return this.pools.findAll(providerPublicKeys);
  }

  /** The same; undefined instead of the refusal, for answers that can do without. */
  async poolsIfKnown(
    providerPublicKeys: Iterable<string>,
  ): Promise<ReadonlyMap<string, readonly Pool[]> | undefined> {
    try {
      return await this.poolsOf(providerPublicKeys);
    } catch (error) {
      if (error instanceof Refusal && error.code === 'UNAVAILABLE') return undefined;
      throw error;
    }
  }

  /** A pool that an offering names must be one of its provider's. @throws Refusal POOL_NOT_FOUND */
  async assertPoolOf(providerPublicKey: string, poolId: string): Promise<void> {
    // What is kept may lack a pool that was made just now.
    this.pools.forget(providerPublicKey);
    const pools = (await this.pools.find(providerPublicKey)) ?? [];
    if (pools.some((pool) => pool.poolId === poolId)) return;
    throw new Refusal(
      'NOT_FOUND',
      'POOL_NOT_FOUND',
      `Pool '${poolId}' does not exist or belongs to different provider`,
    );
  }
}
