import { ID, PlayedRental } from '../../test/played-rental.ts';
import { EXIT } from '../exit.ts';

const rental = PlayedRental.forFile();
const { dc } = rental;

describe('a rental', () => {
  it('is waited for by live changes: asked again at once when one comes', async () => {
    rental.known.onRead = (count) => {
      if (count < 2) return;
      if (count === 2) rental.known.contract.status = 'active';
      // Of another contract first: nothing to ask for.
      setTimeout(() => rental.push({ contract_id: 'ef'.repeat(32) }), 1);
      setTimeout(() => rental.push({ contract_id: ID }), 5);
    };
    const waited = await dc('contract', 'wait', ID, '--json');
    expect(waited.code).toBe(0);
    expect(waited.out).toContain('"payment_amount_e9s":1152921504606846977,');
    expect(rental.desk.calls).toContain('GET /api/v1/events');
  });

  it('that ended is not waited for, and the reason is told', async () => {
    rental.known.contract.status = 'provisioningfailed';
    rental.known.contract.provisioning_failure_reason = 'the disk is full';
    const waited = await dc('contract', 'wait', ID, '--json');
    expect(waited.code).toBe(EXIT.refused);
    expect(JSON.parse(waited.out).error).toMatchObject({
      reason: 'CONTRACT_ENDED',
      message: expect.stringContaining('the disk is full'),
    });
  });

  it('is given up after the time that was given', async () => {
    const waited = await dc('contract', 'wait', ID, '--timeout', '1');
    expect(waited).toMatchObject({
      code: EXIT.timeout,
      err: expect.stringContaining('the contract is requested'),
    });
  });
});
