import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair, parseSshPublicKey } from '@decent-cloud/identity';
import { HOST_KEY, ID, MACHINE, PlayedRental } from '../../test/played-rental.ts';
import { EXIT } from '../exit.ts';
import { printSshPublicKey } from '../ssh/openssh-key.ts';

const rental = PlayedRental.forFile();
const { dc } = rental;

describe('a rental', () => {
  it('is made with an SSH key of its own when the user has none, and that key opens the machine', async () => {
    const created = await dc('contract', 'create', '--offering-id', '7');
    expect(created).toMatchObject({ code: 0, out: expect.stringContaining(`Contract ID: ${ID}`) });
    expect(created.err).toContain('made an SSH key of its own');
    const kept = join(rental.desk.home, '.decent-cloud/ssh/me');
    expect(parseSshPublicKey(String(rental.known.contract.requester_ssh_pubkey)).fingerprint).toBe(
      parseSshPublicKey(readFileSync(`${kept}.pub`, 'utf8')).fingerprint,
    );
    expect((await dc('contract', 'create', '--offering-id', '7')).err).not.toContain('made an SSH key');

    rental.known.contract.status = 'active';
    rental.known.contract.provisioning_instance_details = JSON.stringify(MACHINE);
    const log = rental.fakeSsh(42);
    expect((await dc('contract', 'ssh', ID, '--', 'uname', '--json')).code).toBe(42);
    const given = readFileSync(log, 'utf8').trim().split('\n');
    expect(given.slice(0, 2)).toEqual(['-i', kept]);
    expect(given).toEqual(expect.arrayContaining(['StrictHostKeyChecking=yes', 'IdentitiesOnly=yes']));
    expect(given).toContain(`[127.0.0.1]:2222 ${HOST_KEY.split(' ').slice(0, 2).join(' ')}`);
    expect(given.slice(-7)).toEqual(
      ['-p', '2222', '-l', 'tenant', '--', '127.0.0.1', 'uname', '--json'].slice(-7),
    );
  });

  it('shows the two lines that log in, with its own key; without a host key, what to check', async () => {
    await dc('contract', 'create', '--offering-id', '7');
    expect((await dc('contract', 'get', ID)).out).not.toContain('Log in:');
    rental.known.contract.status = 'active';
    rental.known.contract.provisioning_instance_details = JSON.stringify(MACHINE);
    const { out } = await dc('contract', 'get', ID);
    expect(out).toMatch(new RegExp(`^Log in: +dc contract ssh ${ID}$`, 'm'));
    const [, plain] = /^Without dc: +(.*)$/m.exec(out) ?? [];
    const file = `~/.ssh/dc-${ID.slice(0, 16)}`;
    expect(plain).toBe(
      `mkdir -p ~/.ssh && echo '[127.0.0.1]:2222 ${HOST_KEY.split(' ').slice(0, 2).join(' ')}' > ${file} && ` +
        `ssh -o UserKnownHostsFile=${file} -o StrictHostKeyChecking=yes ` +
        `-i ${join(rental.desk.home, '.decent-cloud/ssh/me')} -p 2222 -l tenant -- 127.0.0.1`,
    );
    expect(out).not.toContain('Host key:');
    rental.known.contract.provisioning_instance_details = JSON.stringify({
      ...MACHINE,
      ssh_host_key: undefined,
    });
    expect((await dc('contract', 'get', ID)).out).toMatch(
      /^Without dc: +ssh -i \S+ -p 2222 -l tenant -- 127\.0\.0\.1\nHost key: .*compare\./m,
    );
  });

  it("is made with the user's own SSH key when there is one, or the given one", async () => {
    mkdirSync(join(rental.desk.home, '.ssh'));
    const own = printSshPublicKey(generateKeyPair(), 'own');
    writeFileSync(join(rental.desk.home, '.ssh/id_ed25519.pub'), `${own}\n`);
    await dc('contract', 'create', '--offering-id', '7');
    expect(rental.known.contract.requester_ssh_pubkey).toBe(own);
    await dc('contract', 'create', '--offering-id', '7', '--ssh-pubkey', HOST_KEY);
    expect(rental.known.contract.requester_ssh_pubkey).toBe(HOST_KEY);
    const bad = await dc('contract', 'create', '--offering-id', '7', '--ssh-pubkey', 'ssh-dss AAAA');
    expect(bad).toMatchObject({ code: EXIT.usage, err: expect.stringContaining('no longer safe') });
  });
});
