import { sealCredential } from '@decent-cloud/identity';
import { ID, PlayedRental } from '../../test/played-rental.ts';
import { EXIT } from '../exit.ts';

const rental = PlayedRental.forFile();
const { dc } = rental;

describe('a rental', () => {
  it('says what it may cost: what is shown, to the last unit, or what the user says', async () => {
    rental.known.price = { monthly_price: 8.2, currency: 'EUR' };
    await dc('contract', 'create', '--offering-id', '7', '--duration-hours', '7');
    expect(rental.known.rented).toMatchObject({ expected_amount_e9s: 79_722_222, expected_currency: 'EUR' });
    rental.known.price.monthly_price = 1e-7;
    const created = await dc('contract', 'create', '--offering-id', '7', '--duration-hours', '720');
    expect(rental.known.rented).toMatchObject({ expected_amount_e9s: 100 });
    expect(created.err).toContain('at most 0.0000001 EUR for 720 h');
    await dc('contract', 'create', '--offering-id', '7', '--expected-amount', '1.5');
    expect(rental.known.rented).toMatchObject({
      expected_amount_e9s: 1_500_000_000,
      expected_currency: 'EUR',
    });
  });

  it('is called `last` when it is the newest that lives, not the newest that was refused or has ended', async () => {
    const ended = ['expired', 'cancelled', 'rejected', 'provisioningfailed'].map((status, index) => ({
      ...rental.known.contract,
      contract_id: `e${index}`.repeat(32),
      status,
    }));
    rental.known.contract.status = 'active';
    rental.known.others = [
      ...ended,
      rental.known.contract,
      { ...rental.known.contract, contract_id: 'aa'.repeat(32) },
    ];
    expect((await dc('contract', 'get', 'last')).out).toContain(ID);
    rental.known.others = ended;
    await dc('contract', 'get', 'last');
    expect(rental.desk.calls.at(-1)).toBe(`GET /api/v1/contracts/${'e0'.repeat(32)}`);
  });

  it('has credentials that only the identity opens', async () => {
    const plaintext = 'root:correct horse';
    rental.known.envelope = sealCredential({
      recipientPublicKey: rental.known.publicKey,
      contractId: ID,
      plaintext,
    });
    expect(await dc('contract', 'credentials', ID)).toEqual({ code: 0, out: `${plaintext}\n`, err: '' });
    rental.known.envelope = sealCredential({
      recipientPublicKey: rental.known.publicKey,
      contractId: 'ab'.repeat(32),
      plaintext,
    });
    const other = await dc('contract', 'credentials', ID);
    expect(other).toMatchObject({
      code: EXIT.failure,
      out: '',
      err: expect.stringContaining('another contract'),
    });
  });

  it('shows what can be done now, and says it when something cannot', async () => {
    const shown = async () => (await dc('contract', 'get', ID)).out;
    expect(await shown()).not.toContain('Allowed now');
    rental.known.contract.allowed_actions = ['cancel', 'hibernate', 'set-when-machine-lost'];
    expect(await shown()).toMatch(/Allowed now: +dc contract cancel, dc contract when-machine-lost\n/);
    rental.known.contract.status = 'cancelled';
    rental.known.contract.allowed_actions = [];
    expect(await shown()).toMatch(/Allowed now: +nothing\n/);
    const refused = await dc('contract', 'cancel', ID, '--json');
    expect(refused.code).toBe(EXIT.refused);
    expect(JSON.parse(refused.out).error).toEqual({
      code: 'CONFLICT',
      reason: 'TRANSITION_NOT_ALLOWED',
      message: 'Cannot move',
      requestId: 'r-1',
      hint: 'The contract is cancelled. What can be done now: nothing.',
    });
  });

  it('is refused with the advice of the catalogue at a platform that names no actions', async () => {
    rental.known.contract.status = 'cancelled';
    const refused = await dc('contract', 'cancel', ID);
    expect(refused.err).toContain('Look at the contract');
  });

  it('says what becomes of it when its machine is lost, at once or later', async () => {
    await dc('contract', 'create', '--offering-id', '7', '--when-machine-lost', 'make-again');
    expect(rental.known.rented.when_machine_lost).toBe('make-again');
    await dc('contract', 'create', '--offering-id', '7');
    expect(rental.known.rented).not.toHaveProperty('when_machine_lost');
    expect(await dc('contract', 'when-machine-lost', 'last', 'make-again')).toEqual({
      code: 0,
      out: 'said\n',
      err: '',
    });
    expect((await dc('contract', 'get', ID)).out).toMatch(/If lost: +make-again/);
    const json = await dc('contract', 'when-machine-lost', ID, 'end', '--json');
    expect(JSON.parse(json.out)).toEqual({ contractId: ID, whenMachineLost: 'end', message: 'said' });
    const before = rental.desk.calls.length;
    for (const wrong of [['again'], []]) {
      expect((await dc('contract', 'when-machine-lost', ID, ...wrong)).code).toBe(EXIT.usage);
    }
    expect((await dc('contract', 'create', '--offering-id', '7', '--when-machine-lost', 'x')).code).toBe(
      EXIT.usage,
    );
    expect(rental.desk.calls).toHaveLength(before);
  });
});
