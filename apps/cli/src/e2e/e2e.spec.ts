import { MACHINE, PlayedRental } from '../../test/played-rental.ts';
import { EXIT } from '../exit.ts';

const rental = PlayedRental.forFile();
const { dc } = rental;

describe('a rental', () => {
  it('of an end-to-end run is cancelled, whether it went well', async () => {
    rental.known.contract.status = 'active';
    rental.known.contract.provisioning_instance_details = JSON.stringify(MACHINE);
    rental.fakeSsh(0, 'SSH_CONNECTION_OK');
    const tried = await dc('e2e', 'provision', '--offering-id', '7', '--verify-ssh');
    expect(tried).toMatchObject({ code: 0, out: 'Passed\n', err: expect.stringContaining('✓ ssh answers') });
    expect(rental.known.contract.status).toBe('cancelled');
  });

  it('of an end-to-end run is cancelled when it failed', async () => {
    rental.known.contract.status = 'active';
    const tried = await dc('e2e', 'provision', '--offering-id', '7');
    expect(tried).toMatchObject({ code: EXIT.refused, err: expect.stringContaining('names no address') });
    expect(rental.known.contract.status).toBe('cancelled');
  });

  it('of an end-to-end run is cancelled when it is interrupted', async () => {
    rental.known.onRead = () => rental.desk.abort.abort();
    const tried = await dc('e2e', 'provision', '--offering-id', '7');
    expect(tried).toMatchObject({ code: EXIT.interrupted, err: expect.stringContaining('Interrupted') });
    expect(rental.known.contract.status).toBe('cancelled');
  });

  it('is cancelled and looked at again by the lifecycle', async () => {
    const tried = await dc('e2e', 'lifecycle', '--offering-id', '7', '--json');
    expect(tried.code).toBe(0);
    expect(JSON.parse(tried.out)).toMatchObject({
      passed: true,
      steps: [{ outcome: 'passed' }, { outcome: 'passed' }],
    });
    expect(rental.desk.calls.filter((call) => call.endsWith('/cancel'))).toHaveLength(1);
  });
});
