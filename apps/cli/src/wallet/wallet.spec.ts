import { PlayedRental } from '../../test/played-rental.ts';
import { EXIT } from '../exit.ts';

const rental = PlayedRental.forFile();
const { dc } = rental;

describe('a rental', () => {
  it('is paid from a wallet: what was credited is told, and an address only while it is to be paid', async () => {
    rental.known.topUp = {
      checkoutUrl: 'https://pay.example/1',
      creditedE9s: 25_500_000_000n,
      balanceE9s: 30_000_000_000n,
    };
    const credited = await dc('wallet', 'topup', '--amount', '25.50');
    expect(credited.out).toBe('Credited: 25.50 USD\nBalance:  30.00 USD\n');
    expect((await dc('wallet', 'topup', '--amount', '25.5', '--json')).out).toBe(
      '{"creditedE9s":25500000000,"balanceE9s":30000000000,"currency":"USD"}\n',
    );
    rental.known.topUp = { checkoutUrl: 'https://pay.example/1' };
    expect((await dc('wallet', 'topup', '--amount', '25')).out).toBe('Pay here: https://pay.example/1\n');
    expect((await dc('wallet', 'topup', '--amount', '25', '--json')).out).toContain('"checkoutUrl"');
    const asked = rental.desk.calls.length;
    for (const amount of ['1.234567891', '0.001', '1.005', '1e3', '-1', '0,5']) {
      const refused = await dc('wallet', 'topup', `--amount=${amount}`);
      expect([amount, refused.code]).toEqual([amount, EXIT.usage]);
    }
    expect(rental.desk.calls).toHaveLength(asked);
  });
});
