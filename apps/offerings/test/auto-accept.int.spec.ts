import { getAutoAccept, setAutoAccept } from '@decent-cloud/messages/offerings';
import { ANYBODY, hex, RunningOfferings, user } from './running-offerings.ts';

const offerings = RunningOfferings.forFile();

describe('auto-accept', () => {
  it('is on until switched off, for the whole account', async () => {
    const owner = user();
    expect(await offerings.ask(getAutoAccept, {}, owner)).toEqual({ autoAcceptRentals: true });
    expect(await offerings.ask(setAutoAccept, { body: { autoAcceptRentals: false } }, owner)).toEqual({
      autoAcceptRentals: false,
    });
    expect(await offerings.ask(getAutoAccept, {}, { ...owner, publicKey: hex(32) })).toEqual({
      autoAcceptRentals: false,
    });
    expect(await offerings.ask(getAutoAccept, {}, user())).toEqual({ autoAcceptRentals: true });
  });

  it('set by a key before it had an account still holds', async () => {
    const owner = user();
    const { accountId: _later, ...keyOnly } = owner;
    await offerings.ask(setAutoAccept, { body: { autoAcceptRentals: false } }, keyOnly);
    expect(await offerings.ask(getAutoAccept, {}, owner)).toEqual({ autoAcceptRentals: false });
  });

  it('is for signed users', async () => {
    await expect(offerings.ask(getAutoAccept, {}, ANYBODY)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });
});
