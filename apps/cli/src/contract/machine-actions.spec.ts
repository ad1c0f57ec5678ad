import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair, parseSshPublicKey } from '@decent-cloud/identity';
import { ID, PlayedRental } from '../../test/played-rental.ts';
import { EXIT } from '../exit.ts';
import { printSshPublicKey } from '../ssh/openssh-key.ts';

const rental = PlayedRental.forFile();
const { dc } = rental;

describe('a rental', () => {
  describe('with a machine', () => {
    const event = (id: number, eventType: string, details?: string) => ({
      id,
      contractId: ID,
      eventType,
      actor: 'provider',
      createdAt: 1_795_415_157_151_753_001n,
      ...(details && { details }),
    });
    beforeEach(() => {
      rental.known.contract.status = 'active';
    });

    it('gets a new password: asked for, or waited for until it is set', async () => {
      expect(await dc('contract', 'reset-password', ID)).toEqual({ code: 0, out: 'requested\n', err: '' });
      rental.known.contract.password_reset_requested_at_ns = 1n;
      rental.known.events = [event(1, 'password_reset_failed', 'X: long ago')];
      rental.known.onRead = (count) => {
        if (count !== 2) return;
        delete rental.known.contract.password_reset_requested_at_ns;
        rental.known.events.push(
          event(2, 'password_reset_complete'),
          event(3, 'ssh_key_rotation_failed', 'no'),
        );
        rental.push({ contract_id: ID });
      };
      setTimeout(() => rental.push({ contract_id: ID }), 100);
      const waited = await dc('contract', 'reset-password', ID, '--wait', '--json');
      expect(waited.code).toBe(0);
      expect(JSON.parse(waited.out)).toEqual({ contractId: ID, message: 'requested', outcome: 'done' });
      expect(rental.known.operations.map(({ kind }) => kind)).toEqual(['reset-password', 'reset-password']);
    });

    it('tells why a password was not set', async () => {
      rental.known.events = [
        event(1, 'password_reset_complete'),
        event(2, 'password_reset_failed', 'LATE: too slow'),
      ];
      const waited = await dc('contract', 'reset-password', ID, '--wait');
      expect(waited).toMatchObject({ code: EXIT.refused, err: expect.stringContaining('LATE: too slow') });
      rental.known.contract.status = 'cancelled';
      rental.known.events = [event(1, 'password_reset_complete')];
      const ended = await dc('contract', 'reset-password', ID, '--wait');
      expect(ended).toMatchObject({ code: EXIT.refused, err: expect.stringContaining('is cancelled') });
      rental.known.contract.status = 'active';
      rental.known.contract.password_reset_requested_at_ns = 1n;
      const late = await dc('contract', 'reset-password', ID, '--wait', '--timeout', '1');
      expect(late).toMatchObject({ code: EXIT.timeout, err: expect.stringContaining('still tried') });
    });

    it('gets another SSH key, from a file or as a line', async () => {
      const next = printSshPublicKey(generateKeyPair(), 'next');
      const file = join(rental.desk.home, 'next.pub');
      writeFileSync(file, `${next}\n`);
      expect((await dc('contract', 'rotate-ssh-key', ID, '--ssh-pubkey', file)).code).toBe(0);
      rental.known.events = [event(1, 'ssh_key_rotation_complete')];
      const waited = await dc('contract', 'rotate-ssh-key', ID, '--ssh-pubkey', next, '--wait');
      expect(waited).toMatchObject({
        code: 0,
        out: `From now on the machine lets in ${parseSshPublicKey(next).fingerprint}\n`,
      });
      expect(rental.known.operations.map(({ body }) => JSON.parse(body).newSshPubkey)).toEqual([next, next]);
      const bad = await dc('contract', 'rotate-ssh-key', ID, '--ssh-pubkey', 'ssh-dss AAAA');
      expect(bad).toMatchObject({ code: EXIT.usage, err: expect.stringContaining('no longer safe') });
      expect((await dc('contract', 'rotate-ssh-key', ID)).code).toBe(EXIT.usage);
    });

    it('shows how the script has ended and what it has printed, without steering the terminal', async () => {
      const none = await dc('contract', 'script-log', ID);
      expect(none).toMatchObject({ code: 0, out: '', err: expect.stringContaining('No script has run') });
      expect(JSON.parse((await dc('contract', 'script-log', ID, '--json')).out)).toEqual({
        contractId: ID,
        log: null,
      });
      const log = 'one\n\u001b[31mtwo\tthree';
      const run = { generation: 2, success: false, exitCode: 3, finishedAtNs: 7, log };
      rental.known.scriptRun = run;
      expect(await dc('contract', 'script-log', ID)).toEqual({
        code: 0,
        out: 'one\n [31mtwo    three\n',
        err: 'The script has ended with exit code 3\n',
      });
      expect(JSON.parse((await dc('contract', 'script-log', ID, '--json')).out)).toEqual({
        contractId: ID,
        ...run,
      });
      rental.known.scriptRun = { ...run, exitCode: -1 };
      expect((await dc('contract', 'script-log', ID)).err).toBe('The script was ended from outside\n');
    });
  });
});
