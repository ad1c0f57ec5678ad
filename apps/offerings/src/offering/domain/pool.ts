import { regionOfCountry } from '@decent-cloud/kernel';
import type { Offering } from './offering.ts';

/** A provider's pool of agents, as the agents service tells it. */
export interface Pool {
  readonly poolId: string;
  readonly poolName: string;
  readonly location: string;
  readonly online: boolean;
}

export interface Serving {
  readonly online: boolean;
  /** Absent for what needs no agent. */
  readonly pool?: Pool;
}

/**
 * Who would serve this offering: the pool that it names, else the provider's pool in the region of its country, one with an
 * agent online before others. Undefined: nobody. Types of cloud resale need a pool like all others: a claim alone makes
 * nothing available.
 */
export function servingOf(
  offering: Pick<Offering, 'offeringSource' | 'agentPoolId' | 'datacenterCountry'>,
  pools: readonly Pool[],
): Serving | undefined {
  if (offering.offeringSource === 'self_provisioned') return { online: true };
  const region = regionOfCountry(offering.datacenterCountry);
  const candidates =
    offering.agentPoolId === null
      ? pools.filter(({ location }) => location === region)
      : pools.filter(({ poolId }) => poolId === offering.agentPoolId);
  const pool = candidates.find(({ online }) => online) ?? candidates[0];
  return pool && { online: pool.online, pool };
}
