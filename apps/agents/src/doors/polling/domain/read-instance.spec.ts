import { readInstance } from './read-instance.ts';

const SECRET = 'Tr0ub4dor"&3';
const told = (changes: object = {}) =>
  JSON.stringify({
    external_id: 'vm-100',
    ip_address: '10.0.0.7',
    ipv6_address: null,
    public_ip: '198.51.100.7',
    ssh_port: 2_222,
    root_password: SECRET,
    additional_details: 'made by proxmox',
    gateway_slug: 'k7m2p4',
    gateway_subdomain: 'k7m2p4.dc-lk.dev-gw.example',
    gateway_ssh_port: 20_000,
    gateway_port_range_start: 20_001,
    gateway_port_range_end: 20_009,
    ...changes,
  });

test('the machine and its password, apart', () => {
  const { instance, rootPassword } = readInstance(told());
  expect(rootPassword).toBe(SECRET);
  expect(instance).toEqual({
    externalId: 'vm-100',
    ipAddress: '10.0.0.7',
    ipv6Address: undefined,
    publicIp: '198.51.100.7',
    sshPort: 2_222,
    sshUser: 'root',
    additionalDetails: 'made by proxmox',
    gatewaySlug: 'k7m2p4',
    gatewaySubdomain: 'k7m2p4.dc-lk.dev-gw.example',
    gatewaySshPort: 20_000,
    gatewayPortRangeStart: 20_001,
    gatewayPortRangeEnd: 20_009,
  });
  expect(JSON.stringify(instance)).not.toContain('Tr0ub4dor');
});

test.each([
  ['as text', `login root / ${SECRET}`],
  ['as a member', { user: 'root', pass: SECRET }],
  ['as JSON text', JSON.stringify({ pass: SECRET })],
])('details that hold the password %s are dropped', (_how, details) => {
  const { instance } = readInstance(told({ additional_details: details }));
  expect(instance.additionalDetails).toBeUndefined();
});

test('other details stay, as text and cut', () => {
  const details = (value: unknown) =>
    readInstance(told({ additional_details: value })).instance.additionalDetails;
  expect(details({ node: 'pve1' })).toBe('{"node":"pve1"}');
  expect(details('x'.repeat(10_000))).toHaveLength(4_096);
  expect(details('a\0b')).toBe('ab');
  expect(details(null)).toBeUndefined();
});

test('without port and password', () => {
  const { instance, rootPassword } = readInstance('{"external_id":"vm-1","ssh_port":0,"root_password":""}');
  expect(instance.sshPort).toBe(22);
  expect(rootPassword).toBeUndefined();
});

test.each([
  ['', 'Instance details are required when marking a contract as provisioned'],
  ['  ', 'Instance details are required when marking a contract as provisioned'],
  [`{"root_password":"${'hunter2'}"`, 'Instance details are not those of an instance: no JSON'],
  ['"hunter2"', 'Instance details are not those of an instance'],
  ['{"root_password":"hunter2"}', 'Instance details are not those of an instance: external_id'],
  ['{"external_id":"a\\u0000","root_password":"hunter2"}', ': external_id'],
  ['{"external_id":"vm","ssh_port":"hunter2"}', ': ssh_port'],
  ['{"external_id":"vm","ssh_port":70000}', ': ssh_port'],
  [`{"external_id":"vm","additional_details":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, ': no JSON'],
  ['{"external_id":"vm","additional_details":{"cores":1e400}}', ': no JSON'],
])('%#: it is refused, and nothing of it is quoted', (details, text) => {
  const refusal = (() => {
    try {
      readInstance(details);
    } catch (error) {
      return error as Error;
    }
    return undefined;
  })();
  expect(refusal?.message).toContain(text);
  expect(refusal?.message).not.toContain('hunter2');
});
