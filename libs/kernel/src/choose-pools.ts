import { regionOfCountry } from './regions.ts';

export interface PoolChoice {
  readonly poolId: string;
  readonly location: string;
  /** Absent: not told. */
  readonly provisionerType?: string | undefined;
}

/**
 * The pools whose agents may serve a contract: the one that the offering names, else those of its country's region, else
 * every pool of the provider that can make such a machine. What is for rent and who gets the work both come from here.
 */
export function choosePools(
  pools: readonly PoolChoice[],
  wanted: {
    readonly agentPoolId: string | null;
    readonly datacenterCountry: string;
    readonly provisionerType: string | null | undefined;
  },
): string[] {
  const explicit = pools.filter(({ poolId }) => poolId === wanted.agentPoolId);
  if (explicit.length > 0) return idsOf(explicit);
  const region = regionOfCountry(wanted.datacenterCountry);
  const regional = pools.filter(({ location }) => location === region);
  if (regional.length > 0) return idsOf(regional);
  return idsOf(
    pools.filter(
      ({ provisionerType }) =>
        wanted.provisionerType == null ||
        provisionerType === undefined ||
        provisionerType === wanted.provisionerType,
    ),
  );
}

const idsOf = (pools: readonly PoolChoice[]) => pools.map(({ poolId }) => poolId);
