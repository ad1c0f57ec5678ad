import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  hostKeyAdvice,
  knownHostsLine,
  machineDetailsOf,
  plainSshLine,
  readSshLogin,
  type SshLogin,
} from './ssh-login.ts';

const HOST_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4';
const ID = 'ab'.repeat(32);
const LOGIN: SshLogin = { host: '192.0.2.7', port: 2222, user: 'dc', hostKey: HOST_KEY };

describe('where to log in', () => {
  const machine = {
    public_ip: '192.0.2.7',
    ip_address: '10.0.0.2',
    ssh_port: 2222,
    ssh_user: 'dc',
    ssh_host_key: `${HOST_KEY} root@machine`,
    root_password: 'never shown',
  };

  it('is at the gateway, else at the public address, else at the inner one', () => {
    expect(readSshLogin(machine)).toEqual({ login: LOGIN });
    const gateway = { gateway_subdomain: 'x.gw.example', gateway_ssh_port: 20_000 };
    expect(readSshLogin({ ...machine, ...gateway }).login).toEqual({
      ...LOGIN,
      host: 'x.gw.example',
      port: 20_000,
    });
    expect(readSshLogin({ ip_address: '10.0.0.2' })).toEqual({
      login: { host: '10.0.0.2', port: 22, user: 'root' },
    });
    expect(readSshLogin({ ...machine, gateway_subdomain: 'x.gw.example' }).login).toEqual(LOGIN);
  });

  it.each([
    [{ public_ip: '-oProxyCommand=x' }, 'address-invalid'],
    [{ public_ip: "x';touch y;'" }, 'address-invalid'],
    [{ ssh_user: '-x' }, 'address-invalid'],
    [{ ssh_port: 0 }, 'address-invalid'],
    [{ ssh_port: '22;id' }, 'address-invalid'],
    [{ ssh_host_key: "ssh-ed25519 AAAA';id;'" }, 'host-key-invalid'],
    [{ ssh_host_key: '$(id) AAAA' }, 'host-key-invalid'],
    [{ ssh_host_key: 'ssh-ed25519' }, 'host-key-invalid'],
    [{ public_ip: '', ip_address: undefined }, 'no-address'],
  ])('is not read from %j', (changes, fault) => {
    expect(readSshLogin({ ...machine, ...changes })).toEqual({ fault });
  });

  it('is not in texts of old', () => {
    for (const text of [undefined, null, '', 'ask me', 'null', '7']) {
      expect(readSshLogin(machineDetailsOf(text))).toEqual({ fault: 'no-address' });
    }
  });
});

describe('the line to paste', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'dc-ssh-line-'));
    mkdirSync(join(home, 'bin'));
    // An ssh that writes down what it was given, one word in each line.
    writeFileSync(join(home, 'bin/ssh'), `#!/bin/sh\nprintf '%s\\n' "$@" > "$HOME/given"\n`);
    chmodSync(join(home, 'bin/ssh'), 0o755);
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));
  const paste = (line: string): string[] => {
    execFileSync('/bin/sh', ['-c', line], {
      cwd: home,
      env: { HOME: home, PATH: `${home}/bin:${process.env.PATH}` },
    });
    return readFileSync(join(home, 'given'), 'utf8').trimEnd().split('\n');
  };

  it('is one line', () => {
    const file = '~/.ssh/dc-abababababababab';
    expect(plainSshLine(LOGIN, ID)).toBe(
      `mkdir -p ~/.ssh && echo '[192.0.2.7]:2222 ${HOST_KEY}' > ${file} && ssh -o UserKnownHostsFile=${file} ` +
        '-o StrictHostKeyChecking=yes -p 2222 -l dc -- 192.0.2.7',
    );
    expect(plainSshLine({ ...LOGIN, hostKey: undefined }, ID)).toBe('ssh -p 2222 -l dc -- 192.0.2.7');
  });

  it('trusts the reported host key alone, also when the person has no ~/.ssh, and each time it is pasted', () => {
    for (const login of [LOGIN, { ...LOGIN, host: '2001:db8::7', port: 22 }]) {
      const given = paste(plainSshLine(login, ID, join(home, "my 'key'")));
      expect(given).toEqual([
        ...['-o', 'UserKnownHostsFile=~/.ssh/dc-abababababababab', '-o', 'StrictHostKeyChecking=yes'],
        ...['-i', join(home, "my 'key'"), '-p', String(login.port), '-l', 'dc', '--', login.host],
      ]);
      const kept = join(home, '.ssh/dc-abababababababab');
      expect(readFileSync(kept, 'utf8')).toBe(knownHostsLine(login));
      const name = login.port === 22 ? login.host : `[${login.host}]:${login.port}`;
      expect(execFileSync('ssh-keygen', ['-F', name, '-f', kept], { encoding: 'utf8' })).toContain(HOST_KEY);
    }
  });

  it('is words and nothing else to a shell, whatever gets into it', () => {
    const nasty = `a'"\`touch b\`$(touch b);touch b #\\!*~`;
    const login = { host: nasty, port: 22, user: nasty, hostKey: `${nasty} AAAA` };
    for (const line of [
      plainSshLine(login, nasty, nasty),
      plainSshLine({ ...login, hostKey: undefined }, ID),
    ]) {
      const given = paste(line);
      expect(given.at(-1)).toBe(nasty);
      expect(given.at(-3)).toBe(nasty);
      expect(readdirSync(home).sort()).toEqual(['.ssh', 'bin', 'given']);
    }
    expect(readdirSync(join(home, '.ssh'))).toEqual([`dc-${nasty.slice(0, 16)}`]);
  });
});

test('without a host key a person is told what to check, and more when it would be their own network', () => {
  expect(hostKeyAdvice(LOGIN)).toBeUndefined();
  expect(hostKeyAdvice({ ...LOGIN, hostKey: undefined })).toMatch(/fingerprint and compare\.$/);
  expect(hostKeyAdvice({ ...LOGIN, host: '192.168.1.1', hostKey: undefined })).toContain('your own computer');
});
