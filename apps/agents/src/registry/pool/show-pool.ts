import type { PoolRow, PoolWithFigures } from './pool.store.ts';

/** A pool as the API shows it. */
export const showPool = ({ providerPublicKey, upgradeToVersion, ...pool }: PoolRow) => ({
  poolId: pool.poolId,
  providerPubkey: providerPublicKey,
  name: pool.name,
  location: pool.location,
  provisionerType: pool.provisionerType,
  createdAtNs: pool.createdAtNs,
  ...(upgradeToVersion === null ? {} : { upgradeToVersion }),
});

export const showPoolWithFigures = (pool: PoolWithFigures, offeringsCount: number) => ({
  ...showPool(pool),
  agentCount: pool.agentCount,
  onlineCount: pool.onlineCount,
  activeContracts: pool.activeContracts,
  offeringsCount,
});
