import { ID, PlayedRental } from '../../test/played-rental.ts';
import { EXIT } from '../exit.ts';

const rental = PlayedRental.forFile();
const { dc } = rental;

describe('a rental', () => {
  describe('step by step', () => {
    const done = { owner: 'platform', state: 'done', text: 'It is done.' };
    const making = {
      name: 'make-machine',
      owner: 'agent',
      state: 'running',
      actualSeconds: 4.2,
      expectedSeconds: 60,
      attempts: 2,
      text: 'The agent is making the machine\u001b[31m.',
    };
    const failed = {
      ...making,
      state: 'failed',
      reason: 'PROVISIONING_FAILED',
      text: 'The provider could not\u001b[2J make the machine.',
    };
    const accept = {
      name: 'accept',
      owner: 'provider',
      state: 'running',
      dueAtNs: 1_795_415_157_151_753_001n,
      actualSeconds: 61,
      text: 'The provider has to accept.',
    };

    beforeEach(() => {
      rental.known.steps = [
        { ...done, name: 'hold-stock', actualSeconds: 0.26 },
        { ...making, name: 'pay', owner: 'payments', state: 'skipped', text: 'There is nothing to pay.' },
        making,
        { ...done, name: 'hand-over', state: 'waiting' },
      ];
    });

    it('is shown with a mark, times and what each step means', async () => {
      const shown = await dc('contract', 'steps', ID);
      expect(shown.code).toBe(0);
      expect(shown.out.split('\n')).toEqual([
        'Status: requested, as of 2026-11-23 06:25:57Z',
        '✓ hold stock      done 0.3 s',
        '    platform: It is done.',
        '- pay             skipped: There is nothing to pay.',
        '▸ make machine    running 4.2 s of about 60 s, attempt 2',
        '    agent: The agent is making the machine [31m.',
        '· hand over       waiting',
        '    platform: It is done.',
        '',
      ]);
      const json = await dc('contract', 'steps', ID, '--json');
      expect(json.out).toContain('"as_of_ns":1795415157151753001,');
      expect(JSON.parse(json.out).steps).toEqual(rental.known.steps);
    });

    it('tells a failure by its reason, people by their deadline, and what was taken back', async () => {
      rental.known.steps = [
        failed,
        accept,
        { ...done, name: 'refund', state: 'undone', undoes: 'pay', actualSeconds: 12.4 },
        { ...making, name: 'remove-machine', state: 'undoing', undoes: 'make-machine', attempts: undefined },
      ];
      const { out } = await dc('contract', 'get', ID);
      expect(out.split('\n').slice(-5)).toEqual([
        '✗ make machine    failed: The provider could not [2J make the machine.',
        '▸ accept          running 61 s, until 2026-11-23 06:25:57Z',
        '↩ refund          undone 12 s',
        '◂ remove machine  undoing 4.2 s of about 60 s',
        '',
      ]);
    });

    it('is part of what is shown of a contract, where the platform knows it', async () => {
      expect(JSON.parse((await dc('contract', 'get', ID, '--json')).out).steps).toHaveLength(4);
      rental.known.steps = undefined;
      const shown = await dc('contract', 'get', ID, '--json');
      expect(shown.code).toBe(0);
      expect(JSON.parse(shown.out)).not.toHaveProperty('steps');
      expect((await dc('contract', 'steps', ID)).code).toBe(EXIT.notFound);
    });

    it('is told while a new rental is waited for, each step once in each of its states', async () => {
      rental.known.onRead = (count) => {
        if (count !== 1) return;
        rental.known.contract.status = 'active';
        rental.known.steps = [
          ...(rental.known.steps ?? []).slice(0, 2),
          { ...making, state: 'done', actualSeconds: 31 },
        ];
        setTimeout(() => rental.push({ contract_id: ID }), 50);
      };
      const created = await dc('contract', 'create', '--offering-id', '7', '--wait');
      expect(created.code).toBe(0);
      expect(created.err.match(/hold stock/g)).toHaveLength(1);
      expect(created.err).toContain('  ✓ make machine    done 31 s, 2 attempts\n');
      expect(created.out).toContain('\n✓ hold stock      done 0.3 s\n');
    });
  });
});
