import { addressOf, type Contract } from './show.ts';
import { knownHostLine, sshArguments } from './ssh.ts';
import { hasReached } from './wait.ts';

const contract = (more: Partial<Contract>): Contract => ({ status: 'active', ...more }) as Contract;
const details =
  '{"public_ip":"127.0.0.1","ip_address":"10.0.0.2","ssh_port":2222,"ssh_user":"dc","ssh_host_key":"ssh-ed25519 AAAA x"}';

test('the address: the gateway wins over the public address, that over the inner one', () => {
  expect(addressOf(contract({ provisioning_instance_details: details }))).toEqual({
    host: '127.0.0.1',
    port: 2222,
    user: 'dc',
    hostKey: 'ssh-ed25519 AAAA x',
  });
  const withGateway = {
    provisioning_instance_details: details,
    gateway_subdomain: 'x.gw.example',
    gateway_ssh_port: 20_000,
  };
  expect(addressOf(contract(withGateway))).toMatchObject({ host: 'x.gw.example', port: 20_000 });
  expect(addressOf(contract({ provisioning_instance_details: '{"ip_address":"10.0.0.2"}' }))).toMatchObject({
    host: '10.0.0.2',
    port: 22,
    user: 'root',
  });
  expect(addressOf(contract({}))).toBeUndefined();
});

test('a host key that the agent has told is the only one that ssh accepts', () => {
  const address = { host: '127.0.0.1', port: 2222, user: 'dc', hostKey: 'ssh-ed25519 AAAA comment' };
  expect(knownHostLine(address)).toBe('[127.0.0.1]:2222 ssh-ed25519 AAAA\n');
  expect(knownHostLine({ ...address, port: 22 })).toBe('127.0.0.1 ssh-ed25519 AAAA\n');
  expect(sshArguments(address, '/k', { identityFile: '/i', command: ['uname', '-a'] })).toEqual(
    expect.arrayContaining([
      'StrictHostKeyChecking=yes',
      'UserKnownHostsFile=/k',
      '/i',
      'dc@127.0.0.1',
      'uname',
      '-a',
    ]),
  );
  const { hostKey: _, ...unknown } = address;
  expect(sshArguments(unknown, '/k', {})).toContain('StrictHostKeyChecking=accept-new');
});

test('a later state counts as reached, a final one never will', () => {
  expect(hasReached(contract({ status: 'active' }), 'provisioned')).toBe(true);
  expect(hasReached(contract({ status: 'accepted' }), 'provisioned')).toBe(false);
  expect(hasReached(contract({ status: 'cancelled' }), 'cancelled')).toBe(true);
  for (const status of ['cancelled', 'rejected', 'expired', 'provisioningfailed']) {
    expect(() => hasReached(contract({ status, provisioning_failure_reason: 'no space' }), 'active')).toThrow(
      'no space',
    );
  }
});
