import { servingOf } from './pool.ts';

const pool = (poolId: string, location: string, online: boolean) => ({
  poolId,
  poolName: poolId,
  location,
  online,
});
const berlin = { offeringSource: 'provider', agentPoolId: null, datacenterCountry: 'DE' };

describe('who serves an offering', () => {
  it('is the pool that it names, wherever that is, online or not', () => {
    const pools = [pool('a', 'europe', true), pool('b', 'na', false)];
    expect(servingOf({ ...berlin, agentPoolId: 'b' }, pools)).toEqual({ online: false, pool: pools[1] });
  });

  it('is nobody when the named pool is gone, though another would do', () => {
    expect(servingOf({ ...berlin, agentPoolId: 'gone' }, [pool('a', 'europe', true)])).toBeUndefined();
  });

  it('is the pool in the region of its country, one that is online before others', () => {
    const pools = [pool('new', 'europe', false), pool('old', 'europe', true), pool('x', 'na', true)];
    expect(servingOf(berlin, pools)?.pool?.poolId).toBe('old');
    expect(servingOf(berlin, pools.slice(0, 1))).toEqual({ online: false, pool: pools[0] });
  });

  it('is nobody without a pool there, and without a country', () => {
    expect(servingOf(berlin, [pool('x', 'na', true)])).toBeUndefined();
    expect(servingOf({ ...berlin, datacenterCountry: '' }, [pool('a', 'europe', true)])).toBeUndefined();
  });

  it('is no matter for a resource that runs already', () => {
    expect(servingOf({ ...berlin, offeringSource: 'self_provisioned' }, [])).toEqual({ online: true });
  });
});
