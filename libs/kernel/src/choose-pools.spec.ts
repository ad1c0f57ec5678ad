import { choosePools } from './choose-pools.ts';

const berlin = { poolId: 'berlin', location: 'europe', provisionerType: 'proxmox' };
const paris = { poolId: 'paris', location: 'europe', provisionerType: 'docker' };
const tokyo = { poolId: 'tokyo', location: 'apac', provisionerType: 'docker' };
const all = [berlin, paris, tokyo];
const wanted = { agentPoolId: null, datacenterCountry: 'DE', provisionerType: undefined };

test('the pool that the offering names, and no other', () => {
  expect(choosePools(all, { ...wanted, agentPoolId: 'tokyo' })).toEqual(['tokyo']);
});

test('a pool that is not the provider’s (any more) counts as not named', () => {
  expect(choosePools(all, { ...wanted, agentPoolId: 'gone' })).toEqual(['berlin', 'paris']);
});

test('else the pools of the region of the country, whatever its case', () => {
  expect(choosePools(all, { ...wanted, datacenterCountry: 'jp' })).toEqual(['tokyo']);
});

test('else every pool that can make such a machine', () => {
  const brazil = { ...wanted, datacenterCountry: 'BR' };
  expect(choosePools(all, { ...brazil, provisionerType: 'docker' })).toEqual(['paris', 'tokyo']);
  expect(choosePools(all, brazil)).toEqual(['berlin', 'paris', 'tokyo']);
  expect(choosePools(all, { ...brazil, provisionerType: 'vultr' })).toEqual([]);
  expect(choosePools([], brazil)).toEqual([]);
});
