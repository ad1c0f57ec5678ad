import { challengeName, machineName, placeOf } from './names.ts';

const zone = { prefix: 'dev-gw', domain: 'cloud.example' };

test('names are below prefix and domain', () => {
  expect(machineName(zone, 'dc-lk', 'k7m2p4')).toBe('k7m2p4.dc-lk.dev-gw.cloud.example');
  expect(challengeName(zone, 'dc-lk')).toBe('_acme-challenge.dc-lk.dev-gw.cloud.example');
});

test('a machine says which of them it has', () => {
  const gatewaySubdomain = machineName(zone, 'dc-lk', 'k7m2p4');
  expect(placeOf({ gatewaySlug: 'k7m2p4', gatewaySubdomain })).toEqual({ dcId: 'dc-lk', slug: 'k7m2p4' });
});

test.each([
  {},
  { gatewaySlug: 'k7m2p4' },
  { gatewaySlug: 'k7m2p4', gatewaySubdomain: '' },
  { gatewaySlug: 'k7m2p4', gatewaySubdomain: 'k7m2p4' },
  { gatewaySlug: 'other1', gatewaySubdomain: 'k7m2p4.dc-lk.gw.cloud.example' },
  { gatewaySlug: 'k7m2p4\0', gatewaySubdomain: 'k7m2p4\0.dc-lk.gw.cloud.example' },
  { gatewaySlug: 'k7m2p4', gatewaySubdomain: 'k7m2p4.\ud800.gw.cloud.example' },
])('%j says none', (machine) => expect(placeOf(machine)).toBeUndefined());
