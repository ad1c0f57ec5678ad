import { Refusal } from '@decent-cloud/kernel';
import { requests } from '@decent-cloud/messages';
import { Bus } from '@decent-cloud/runtime';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Pool } from './domain/pool.ts';

const KEPT_MS = 2_000;
const KEPT_PROVIDERS = 20_000;
const ASKED_AT_ONCE = 200;
const TIMEOUT_MS = 1_000;

/** Pools of providers and whether an agent of theirs is online, at most two seconds old. */
@Injectable()
export class PoolDirectory {
  private readonly known = new LRUCache<string, readonly Pool[]>({ max: KEPT_PROVIDERS, ttl: KEPT_MS });

  constructor(private readonly bus: Bus) {}

  /** Pools by provider. @throws Refusal UNAVAILABLE while the agents service does not answer */
  async poolsOf(providerPublicKeys: Iterable<string>): Promise<ReadonlyMap<string, readonly Pool[]>> {
    const found = new Map<string, readonly Pool[]>();
    const missing: string[] = [];
    for (const key of new Set(providerPublicKeys)) {
      const pools = this.known.get(key);
      if (pools) found.set(key, pools);
      else missing.push(key);
    }
    for (let at = 0; at < missing.length; at += ASKED_AT_ONCE) {
      const keys = missing.slice(at, at + ASKED_AT_ONCE);
      const answer = await this.bus.ask(
        requests.poolsOnline,
        { body: { providerPublicKeys: keys } },
        { timeoutMs: TIMEOUT_MS },
      );
      const byProvider = Map.groupBy(answer.pools, ({ providerPublicKey }) => providerPublicKey);
      for (const key of keys) {
        const pools = byProvider.get(key) ?? [];
        this.known.set(key, pools);
        found.set(key, pools);
      }
    }
    return found;
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
    this.known.delete(providerPublicKey);
    const pools = (await this.poolsOf([providerPublicKey])).get(providerPublicKey) ?? [];
    if (pools.some((pool) => pool.poolId === poolId)) return;
    throw new Refusal(
      'NOT_FOUND',
      'POOL_NOT_FOUND',
      `Pool '${poolId}' does not exist or belongs to different provider`,
    );
  }
}
