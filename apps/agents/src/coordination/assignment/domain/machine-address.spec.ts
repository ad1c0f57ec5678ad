import { faultOfAddress, portBefore, withUsableAddress } from './machine-address.ts';

const instance = {
  externalId: 'x',
  provisionerType: 'docker',
  sshPort: 22,
  sshUser: 'root',
  publicIp: '192.0.2.7',
  sshHostKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFJ9XLaOeiLUcoIE55DpnmASB9aHusy8UeU4ceLKn5VC root@machine',
};

test('addresses, names and what was left out are usable', () => {
  expect(faultOfAddress(instance)).toBeUndefined();
  expect(
    faultOfAddress({ ipAddress: '10.0.0.7', ipv6Address: 'fd00::1', gatewaySubdomain: 'a.gw.example' }),
  ).toBeUndefined();
  expect(faultOfAddress({ publicIp: '', ipv6Address: '', sshHostKey: '' })).toBeUndefined();
});

test.each([
  [{ publicIp: '-oProxyCommand=touch x' }, 'publicIp is no IP address or host name'],
  [{ ipAddress: '10.0.0.7\nHost *' }, 'ipAddress is no IP address or host name'],
  [{ ipv6Address: '10.0.0.7' }, 'ipv6Address is no IPv6 address'],
  [{ gatewaySubdomain: '\u001b]0;x' }, 'gatewaySubdomain is no host name'],
  [{ sshUser: '-l' }, 'sshUser is no user name'],
  [{ sshHostKey: 'ssh-ed25519 AAAA' }, 'sshHostKey is no public SSH key'],
  [{ sshHostKey: "x';touch y;'" }, 'sshHostKey is no public SSH key'],
])('%j is not', (changes, fault) => {
  expect(faultOfAddress({ ...instance, ...changes })).toBe(fault);
});

test('an event of a machine that nobody can reach is one of a machine that could not be made', () => {
  const event = {
    v: 1 as const,
    eventId: 'e',
    agentPublicKey: 'a',
    contractId: 'c',
    generation: 1,
    seq: 1,
    atNs: '1',
    sig: '',
    kind: 'provisioned' as const,
    payload: { instance, credentials: [] },
  };
  expect(withUsableAddress(event)).toBe(event);
  const bad = { ...event, payload: { ...event.payload, instance: { ...instance, publicIp: 'a;b' } } };
  expect(withUsableAddress(bad)).toMatchObject({
    kind: 'failed',
    eventId: 'e',
    payload: {
      class: 'permanent',
      code: 'ADDRESS_INVALID',
      message: expect.stringContaining('publicIp is no'),
    },
  });
});

test('the port of before is that of the newest machine of this agent that was ever made', () => {
  const of = (agentPublicKey: string, generation: number, sshPort?: number) => ({
    agentPublicKey,
    generation,
    instance: sshPort === undefined ? null : { sshPort },
  });
  const machines = [of('a', 1, 22_001), of('a', 2, 22_002), of('b', 3, 22_003), of('a', 4)];
  expect(portBefore(machines, 'a')).toBe(22_002);
  expect(portBefore([...machines].reverse(), 'b')).toBe(22_003);
  expect(portBefore(machines, 'c')).toBeUndefined();
});
