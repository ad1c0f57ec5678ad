import { facts } from '@decent-cloud/messages';
import { cancelContract } from '@decent-cloud/messages/contracts';
import { ConfirmPayments } from '../src/renting/confirm-payments.ts';
import { TENANT_ACCOUNT } from './sample-contract.ts';
import { PRICE, World } from './world.ts';

const world = World.forFile();

describe('a charge whose answer is lost', () => {
  const charge = (contractId: string) => ({
    contractId,
    accountId: TENANT_ACCOUNT,
    amountE9s: PRICE,
    currency: 'USD',
    atNs: world.now,
  });

  it('is finished by the fact, however often it is told', async () => {
    world.payments = 'lost';
    const { contractId, message } = await world.rentAnswer();
    expect(message).toMatch(/payment is being confirmed/);
    expect(await world.read(contractId)).toMatchObject({ status: 'requested', paymentStatus: 'pending' });
    await world.say(facts.rentalCharged, charge(contractId));
    await world.say(facts.rentalCharged, charge(contractId));
    await world.say(facts.rentalCharged, charge(contractId), 'test-same-id');
    expect(await world.read(contractId)).toMatchObject({ status: 'accepted', version: 2, paidE9s: PRICE });
    expect(await world.said(contractId, 'contract-accepted')).toHaveLength(1);
  }, 30_000);

  it('is found in the books by the reconciler', async () => {
    world.payments = 'lost';
    const { contractId } = await world.rentAnswer();
    const chargesBefore = world.chargeRequests;
    world.now += 11_000_000_000n;
    await world.service.get(ConfirmPayments).sweep(world.now);
    await world.service.get(ConfirmPayments).sweep(world.now);
    expect(await world.read(contractId)).toMatchObject({ status: 'accepted', version: 2, paidE9s: PRICE });
    expect(world.chargeRequests).toBe(chargesBefore);
  }, 30_000);

  it('that never was is made by the reconciler, once', async () => {
    world.payments = 'fails';
    const { contractId } = await world.rentAnswer();
    const { balanceE9s } = world;
    await world.heal();
    world.now += 11_000_000_000n;
    await world.service.get(ConfirmPayments).sweep(world.now);
    await world.service.get(ConfirmPayments).sweep(world.now);
    expect(await world.read(contractId)).toMatchObject({ status: 'accepted', paidE9s: PRICE });
    expect(world.balanceE9s).toBe(balanceE9s - PRICE);
  });

  it('and that comes after a cancellation is all to go back', async () => {
    world.payments = 'fails';
    const { contractId } = await world.rentAnswer();
    await world.ask(cancelContract, { params: { id: contractId }, body: {} });
    await world.say(facts.rentalCharged, charge(contractId));
    await world.say(facts.refundIssued, charge(contractId));
    expect(await world.read(contractId)).toMatchObject({
      status: 'cancelled',
      paidE9s: PRICE,
      refundDueE9s: PRICE,
      earnedE9s: 0n,
      paymentStatus: 'refunded',
      refundAmountE9s: PRICE,
    });
    expect(await world.said(contractId, 'contract-ended')).toHaveLength(1);
  });
});
