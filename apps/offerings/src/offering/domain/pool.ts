import { choosePools, Refusal } from '@decent-cloud/kernel';
import type { NotForRent } from '@decent-cloud/messages/words';
import { availableUnits, type Offering } from './offering.ts';

/** A provider's pool of agents, as the agents service tells it. */
export interface Pool {
  readonly poolId: string;
  readonly poolName: string;
  readonly location: string;
  readonly provisionerType?: string | undefined;
  readonly online: boolean;
}

export interface Serving {
  readonly online: boolean;
  /** Absent for what needs no agent. */
  readonly pool?: Pool;
}

/**
 * Who would serve this offering: of the pools that would get the work, one with an agent online before others. Undefined:
 * nobody. Types of cloud resale need a pool like all others: a claim alone makes nothing available.
 */
export function servingOf(
  offering: Pick<Offering, 'offeringSource' | 'agentPoolId' | 'datacenterCountry' | 'provisionerType'>,
  pools: readonly Pool[],
): Serving | undefined {
  if (offering.offeringSource === 'self_provisioned') return { online: true };
  const chosen = choosePools(pools, offering);
  const candidates = pools.filter(({ poolId }) => chosen.includes(poolId));
  const pool = candidates.find(({ online }) => online) ?? candidates[0];
  return pool && { online: pool.online, pool };
}

/** The types of machines that a rental of this offering may get; empty: not known, or it needs no agent. */
export function machineTypesOf(
  offering: Pick<Offering, 'offeringSource' | 'agentPoolId' | 'datacenterCountry' | 'provisionerType'>,
  pools: readonly Pool[],
): string[] {
  if (offering.provisionerType !== null) return [offering.provisionerType];
  if (offering.offeringSource === 'self_provisioned') return [];
  const chosen = choosePools(pools, offering);
  const types = new Set<string>();
  for (const { poolId, provisionerType } of pools) {
    if (!chosen.includes(poolId)) continue;
    if (provisionerType === undefined) return [];
    types.add(provisionerType);
  }
  return [...types];
}

/**
 * Why this offering cannot be rented now; undefined when it can. The one definition for lists, quotes and holds. While
 * nobody knows who is online (`unknown`) only the stock counts.
 */
export function whyNotForRent(
  offering: Pick<Offering, 'stockStatus' | 'stockTotal'>,
  heldUnits: number,
  serving: Serving | 'unknown' | undefined,
): NotForRent | undefined {
  if (availableUnits(offering, heldUnits) < 1) return 'OUT_OF_STOCK';
  return serving === 'unknown' || serving?.online ? undefined : 'PROVIDER_OFFLINE';
}

/** @throws Refusal with that reason */
export function assertForRent(...known: Parameters<typeof whyNotForRent>): void {
  const reason = whyNotForRent(...known);
  if (reason === 'OUT_OF_STOCK') throw new Refusal('CONFLICT', reason, 'Offering is out of stock');
  if (reason === undefined) return;
  const [, , serving] = known;
  const why =
    serving === undefined ? 'has no agents for this offering' : 'is offline: no agent of its is heard';
  throw new Refusal('CONFLICT', reason, `The provider ${why}. Nothing was charged`);
}
