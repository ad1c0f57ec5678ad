import { facts } from '@decent-cloud/messages';
import { cancelContract, getContract } from '@decent-cloud/messages/contracts';
import { HOUR, TENANT_ACCOUNT } from './sample-contract.ts';
import { PRICE, provider, stranger, tenantsOtherKey, World } from './world.ts';

const world = World.forFile();
const { machine, provisioned, running } = world;

describe('facts of agents', () => {
  it('told twice and out of order end the same', async () => {
    const id = await world.rent();
    await world.say(facts.machineProvisioned, provisioned(id));
    const after = await world.read(id);
    await world.say(facts.provisioningStarted, machine(id));
    await world.say(facts.machineProvisioned, provisioned(id));
    await world.say(facts.provisioningStarted, machine(id));
    expect(after.status).toBe('active');
    expect(await world.read(id)).toEqual(after);
  });

  it('are passed on with where the machine lets its tenant in', async () => {
    const id = await running();
    const changes = await world.said(id, 'contract-status-changed');
    expect(changes.filter((change) => change.sshLogin !== undefined)).toMatchObject([
      { to: 'provisioned', sshLogin: { host: '127.0.0.1', port: 2222, user: 'root' } },
    ]);
  });

  it('a failure told twice refunds once', async () => {
    const id = await world.rent();
    const failed = { ...machine(id), reason: 'NO_AGENT_AVAILABLE' as const, message: 'nobody there' };
    await world.say(facts.provisioningFailed, failed);
    await world.say(facts.provisioningFailed, failed);
    const shown = await world.ask(getContract, { params: { id } });
    expect(shown).toMatchObject({
      status: 'provisioningfailed',
      provisioning_failure_reason: 'nobody there',
    });
    const ended = await world.said(id, 'contract-ended');
    expect(ended).toHaveLength(1);
    expect(ended[0]).toMatchObject({
      reason: 'NO_AGENT_AVAILABLE',
      paidE9s: 100000000,
      refundE9s: 100000000,
      earnedE9s: 0,
    });
  });

  it('after a cancellation change nothing but that the machine is gone', async () => {
    const id = await world.rent();
    await world.ask(cancelContract, { params: { id }, body: {} });
    const before = await world.read(id);
    await world.say(facts.provisioningStarted, machine(id));
    await world.say(facts.machineProvisioned, provisioned(id));
    await world.say(facts.provisioningFailed, {
      ...machine(id),
      reason: 'PROVISIONING_FAILED',
      message: 'x',
    });
    expect(await world.read(id)).toEqual(before);
    await world.say(facts.machineRemoved, machine(id));
    await world.say(facts.machineRemoved, { ...machine(id), atNs: world.now + 5n });
    expect(await world.read(id)).toEqual({ ...before, machineGeneration: 1, terminatedAtNs: world.now });
  });

  it('of an older generation change nothing', async () => {
    const id = await world.rent();
    await world.say(facts.provisioningStarted, machine(id, 2));
    const before = await world.read(id);
    await world.say(facts.machineProvisioned, provisioned(id, 1));
    await world.say(facts.provisioningFailed, {
      ...machine(id, 1),
      reason: 'PROVISIONING_FAILED',
      message: 'x',
    });
    expect(await world.read(id)).toEqual(before);
  });
});

describe('a cancellation', () => {
  it('of a running machine gives back the unused part to the unit and erases the credentials', async () => {
    const id = await running();
    world.now += 3n * HOUR + 1n;
    await world.ask(cancelContract, { params: { id }, body: { memo: 'done' } });
    const refund = (PRICE * (7n * HOUR - 1n)) / (10n * HOUR);
    const [ended] = await world.said(id, 'contract-ended');
    expect(ended).toMatchObject({
      status: 'cancelled',
      reason: 'CANCELLED_BY_TENANT',
      paidE9s: Number(PRICE),
      refundE9s: Number(refund),
      earnedE9s: Number(PRICE - refund),
    });
    const sealed = await world.service.database.query(
      'select 1 from contract_credential where contract_id = $1',
      [id],
    );
    expect(sealed).toEqual([]);
    const refundFact = {
      contractId: id,
      accountId: TENANT_ACCOUNT,
      amountE9s: refund,
      currency: 'USD',
      atNs: world.now,
    };
    await world.say(facts.refundIssued, refundFact);
    await world.say(facts.refundIssued, { ...refundFact, atNs: world.now + 9n });
    expect(await world.ask(getContract, { params: { id } })).toMatchObject({
      payment_status: 'refunded',
      refund_amount_e9s: refund,
      refund_created_at_ns: world.now,
    });
  });

  it.each([
    ['requested', false, () => world.rent()],
    ['accepted', true, () => world.rent()],
    [
      'provisioning',
      true,
      async () => {
        const id = await world.rent();
        await world.say(facts.provisioningStarted, machine(id));
        return id;
      },
    ],
  ] as const)('while %s gives back everything', async (status, autoAccept, make) => {
    world.autoAccept = autoAccept;
    const id = await make();
    expect((await world.read(id)).status).toBe(status);
    world.now += HOUR;
    await world.ask(cancelContract, { params: { id }, body: {} }, tenantsOtherKey);
    expect(await world.read(id)).toMatchObject({ status: 'cancelled', refundDueE9s: PRICE, earnedE9s: 0n });
  });

  it('is for the tenant alone', async () => {
    const id = await world.rent();
    for (const caller of [provider, stranger]) {
      await expect(world.ask(cancelContract, { params: { id }, body: {} }, caller)).rejects.toThrow(
        /^Unauthorized/,
      );
    }
    await expect(world.ask(cancelContract, { params: { id: 'ab'.repeat(32) }, body: {} })).rejects.toThrow(
      'Contract not found',
    );
    expect((await world.read(id)).status).toBe('accepted');
  });
});
