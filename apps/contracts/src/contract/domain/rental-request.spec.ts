import { SSH_KEY } from '../../../test/sample-contract.ts';
import { checkRentalRequest } from './rental-request.ts';

const body = {
  offering_db_id: 13n,
  ssh_pubkey: `  ${SSH_KEY}\n`,
  payment_method: 'Wallet',
} as never as Parameters<typeof checkRentalRequest>[0];
const check = (changes: object, production = false) =>
  checkRentalRequest({ ...body, ...changes }, { production });

describe('a request to rent', () => {
  it('gets its defaults', () => {
    expect(check({})).toEqual({
      offeringDbId: 13n,
      sshPublicKey: SSH_KEY,
      paymentMethod: 'wallet',
      durationHours: 720,
      contact: undefined,
      memo: '',
      buyerAddress: null,
      operatingSystem: null,
      whenMachineLost: 'end',
      expected: { amountE9s: undefined, currency: undefined },
    });
  });

  it('keeps the price that it was shown', () => {
    const { expected } = check({ expected_amount_e9s: 0n, expected_currency: 'USD' });
    expect(expected).toEqual({ amountE9s: 0n, currency: 'USD' });
  });

  it('may be a test, but not in production', () => {
    expect(check({ payment_method: 'TEST' }).paymentMethod).toBe('test');
    expect(() => check({ payment_method: 'TEST' }, true)).toThrow(
      expect.objectContaining({ code: 'PRECONDITION', reason: 'PAYMENT_METHOD_UNAVAILABLE' }),
    );
  });

  it.each([
    [{ ssh_pubkey: undefined }, 'INVALID', 'SSH_KEY_INVALID'],
    [{ ssh_pubkey: '   ' }, 'INVALID', 'SSH_KEY_INVALID'],
    [{ ssh_pubkey: 'ssh-ed25519 AAAA' }, 'INVALID', 'SSH_KEY_INVALID'],
    [{ ssh_pubkey: `${SSH_KEY}\n${SSH_KEY}` }, 'INVALID', 'SSH_KEY_INVALID'],
    [{ payment_method: undefined }, 'INVALID', 'PAYMENT_METHOD_UNAVAILABLE'],
    [{ payment_method: 'cash' }, 'INVALID', 'PAYMENT_METHOD_UNAVAILABLE'],
    [{ payment_method: 'stripe' }, 'PRECONDITION', 'PAYMENT_METHOD_UNAVAILABLE'],
    [{ payment_method: 'icpay' }, 'PRECONDITION', 'PAYMENT_METHOD_UNAVAILABLE'],
  ])('is refused with %o', (changes, code, reason) => {
    expect(() => check(changes)).toThrow(expect.objectContaining({ code, reason }));
  });
});
