import { assertForRent, machineTypesOf, servingOf, whyNotForRent } from './pool.ts';

const pool = (poolId: string, location: string, online: boolean) => ({
  poolId,
  poolName: poolId,
  location,
  online,
});
const berlin = {
  offeringSource: 'provider',
  agentPoolId: null,
  datacenterCountry: 'DE',
  provisionerType: null,
};

describe('who serves an offering', () => {
  it('is the pool that it names, wherever that is, online or not', () => {
    const pools = [pool('a', 'europe', true), pool('b', 'na', false)];
    expect(servingOf({ ...berlin, agentPoolId: 'b' }, pools)).toEqual({ online: false, pool: pools[1] });
  });

  it('is another that would get the work when the named pool is gone', () => {
    const pools = [pool('a', 'europe', true)];
    expect(servingOf({ ...berlin, agentPoolId: 'gone' }, pools)).toEqual({ online: true, pool: pools[0] });
  });

  it('is the pool in the region of its country, one that is online before others', () => {
    const pools = [pool('new', 'europe', false), pool('old', 'europe', true), pool('x', 'na', true)];
    expect(servingOf(berlin, pools)?.pool?.poolId).toBe('old');
    expect(servingOf(berlin, pools.slice(0, 1))).toEqual({ online: false, pool: pools[0] });
  });

  it('is any pool that can make such a machine without one there, and without a country', () => {
    const pools = [{ ...pool('x', 'na', true), provisionerType: 'docker' }];
    const online = { online: true, pool: pools[0] };
    expect(servingOf(berlin, pools)).toEqual(online);
    expect(servingOf({ ...berlin, datacenterCountry: '' }, pools)).toEqual(online);
    expect(servingOf({ ...berlin, provisionerType: 'docker' }, pools)).toEqual(online);
    expect(servingOf({ ...berlin, provisionerType: 'proxmox' }, pools)).toBeUndefined();
    expect(servingOf(berlin, [])).toBeUndefined();
  });

  it('is no matter for a resource that runs already', () => {
    expect(servingOf({ ...berlin, offeringSource: 'self_provisioned' }, [])).toEqual({ online: true });
  });
});

describe('the types of machines that a rental may get', () => {
  const typed = (poolId: string, location: string, provisionerType?: string) => ({
    ...pool(poolId, location, true),
    provisionerType,
  });
  const all = [typed('a', 'europe', 'local'), typed('b', 'europe', 'docker'), typed('x', 'na', 'local')];

  it.each([
    ['that of the offering, when it says one', { provisionerType: 'docker' }, all, ['docker']],
    ['that of the pool which it names', { agentPoolId: 'x' }, all, ['local']],
    ['those of all pools that may get the work', {}, all, ['local', 'docker']],
    ['one, when all of them have the same', { datacenterCountry: 'BR' }, [all[0], all[2]], ['local']],
    ['unknown while one of them does not tell', {}, [all[0], typed('c', 'europe')], []],
    ['unknown without a pool', {}, [], []],
    ['no matter for a resource that runs already', { offeringSource: 'self_provisioned' }, all, []],
  ] as const)('are %s', (_name, changes, pools, types) => {
    expect(machineTypesOf({ ...berlin, ...changes }, pools as readonly (typeof all)[number][])).toEqual(
      types,
    );
  });
});

describe('an offering', () => {
  const one = { stockStatus: 'in_stock' as const, stockTotal: 1 };

  it.each([
    ['can be rented', 0, { online: true }, undefined],
    ['can be rented while nobody knows who is online', 0, 'unknown', undefined],
    ['cannot without a unit, whoever is online', 1, { online: true }, 'OUT_OF_STOCK'],
    ['cannot without a unit, whoever is offline', 1, undefined, 'OUT_OF_STOCK'],
    ['cannot while its agents are offline', 0, { online: false }, 'PROVIDER_OFFLINE'],
    ['cannot when nobody serves it', 0, undefined, 'PROVIDER_OFFLINE'],
  ] as const)('%s', (_name, held, serving, reason) => {
    expect(whyNotForRent(one, held, serving)).toBe(reason);
    const asserting = () => assertForRent(one, held, serving);
    if (reason === undefined) expect(asserting).not.toThrow();
    else expect(asserting).toThrow(expect.objectContaining({ code: 'CONFLICT', reason }));
  });
});
