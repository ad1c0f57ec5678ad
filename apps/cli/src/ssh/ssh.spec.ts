import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from '@decent-cloud/identity';
import { sshArguments } from './open-session.ts';
import { printSshPrivateKey, printSshPublicKey } from './openssh-key.ts';
import { type Contract, refusePrivateAddress, sshTargetOf } from './target.ts';

const hostKey = printSshPublicKey(generateKeyPair(), 'host');
const contract = (details: object, more: Partial<Contract> = {}): Contract =>
  ({ status: 'active', provisioning_instance_details: JSON.stringify(details), ...more }) as Contract;

test('the gateway wins over the public address, that over the inner one', () => {
  const details = {
    public_ip: '127.0.0.1',
    ip_address: '10.0.0.2',
    ssh_port: 2222,
    ssh_user: 'dc',
    ssh_host_key: hostKey,
  };
  expect(sshTargetOf(contract(details))).toMatchObject({ host: '127.0.0.1', port: 2222, user: 'dc' });
  const gateway = { gateway_subdomain: 'x.gw.example', gateway_ssh_port: 20_000 };
  expect(sshTargetOf(contract(details, gateway))).toMatchObject({ host: 'x.gw.example', port: 20_000 });
  expect(sshTargetOf(contract({ ip_address: '10.0.0.2' }))).toMatchObject({
    host: '10.0.0.2',
    port: 22,
    user: 'root',
  });
});

test('what a provider wrote cannot become an option of ssh', () => {
  for (const bad of [
    { public_ip: '-oProxyCommand=x' },
    { public_ip: '1.2.3.4', ssh_user: '-x' },
    { public_ip: 'a b' },
  ]) {
    expect(() => sshTargetOf(contract(bad))).toThrow('an address of the machine that is none');
  }
  expect(() => sshTargetOf(contract({ public_ip: '1.2.3.4' }, { status: 'cancelled' }))).toThrow(
    'is cancelled',
  );
});

test('a host key that is none is refused, one with a comment is taken without it', () => {
  const at = (ssh_host_key: string) => sshTargetOf(contract({ public_ip: '192.0.2.7', ssh_host_key }));
  expect(at(`${hostKey} root@machine`).hostKey).toBe(hostKey.split(' ').slice(0, 2).join(' '));
  for (const bad of ['ssh-ed25519 AAAA', 'nonsense', "ssh-ed25519 AAAA';id;'"]) {
    expect(() => at(bad)).toThrow('a host key of the machine that is none');
  }
});

test('without a host key no address of the own host or network is connected to, by name neither', async () => {
  const known: Record<string, string[]> = {
    'a.example': ['192.0.2.7', '127.0.0.1'],
    'b.example': ['192.0.2.7'],
  };
  const resolve = async (host: string) => known[host] ?? [];
  const goes = (host: string, more: object = {}) =>
    refusePrivateAddress(sshTargetOf(contract({ public_ip: host, ...more })), resolve);
  for (const host of ['127.0.0.1', '::1', '192.168.1.1', '169.254.169.254', 'localhost', 'a.example']) {
    await expect(goes(host)).rejects.toMatchObject({ reason: 'HOST_KEY_MISSING' });
    await expect(goes(host, { ssh_host_key: hostKey })).resolves.toBeUndefined();
  }
  for (const host of ['192.0.2.7', 'b.example', 'unknown.example'])
    await expect(goes(host)).resolves.toBeUndefined();
});

test('a known host key is the only one that ssh accepts', () => {
  const target = sshTargetOf(contract({ public_ip: '127.0.0.1', ssh_port: 2222, ssh_host_key: hostKey }));
  const args = sshArguments({ target, identityFile: '/i', command: ['uname'], env: {} }, '/k');
  expect(args).toEqual(
    expect.arrayContaining(['StrictHostKeyChecking=yes', 'IdentitiesOnly=yes', '/i', 'uname']),
  );
});

test('OpenSSH reads the keys that we make', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dc-key-'));
  try {
    const keyPair = generateKeyPair();
    writeFileSync(join(folder, 'key'), printSshPrivateKey(keyPair, 'me'), { mode: 0o600 });
    const line = execFileSync('ssh-keygen', ['-y', '-f', join(folder, 'key')], { encoding: 'utf8' });
    expect(line.trim()).toBe(printSshPublicKey(keyPair, 'me'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
