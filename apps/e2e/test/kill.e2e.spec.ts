import { eventually } from '@decent-cloud/testing';
import { assertBooksBalance } from '../src/books.ts';
import { Platform } from '../src/platform.ts';
import { Tenant } from '../src/tenant.ts';

const SETTLED = ['active', 'cancelled', 'rejected', 'expired', 'provisioningfailed'];
const PRICE_E9S = 10_000_000n;

let platform: Platform;
let tenant: Tenant;
let offeringId: bigint;

beforeAll(async () => {
  platform = await Platform.start();
  tenant = await Tenant.create(platform.apiUrl, 'carol', 100);
  const offerings = await tenant.dc.json(['contract', 'list-offerings']);
  offeringId = BigInt(
    offerings.find((offering: { offering_id: string }) => offering.offering_id === 'demo-small').id,
  );
}, 180_000);
afterAll(async () => {
  await tenant?.leave();
  await platform?.stop();
}, 60_000);

/** Parts of the platform, each killed in the middle of rentals. */
const PARTS = [
  'accounts',
  'offerings',
  'contracts',
  'payments',
  'notifications',
  'agents',
  'gateway',
  'demo-agent',
  'nats',
];

test.each(PARTS)(
  'kill -9 of %s in the middle of rentals: each ends running or refunded',
  async (part) => {
    const before = await tenant.balanceE9s();
    const renting = Promise.allSettled([0, 1, 2].map(() => tenant.rent(offeringId)));
    await platform.kill(part);
    await renting;
    await platform.pidOf(part);
    // A rental whose answer was lost is in the list all the same.
    const settled = await eventually(
      async () => {
        const contracts: Contract[] = await tenant.dc.json(['contract', 'list']);
        const mine = contracts.filter((contract) => !seen.has(contract.contract_id));
        return mine.every(({ status }) => SETTLED.includes(status)) && mine;
      },
      { deadlineMs: 90_000, everyMs: 500, what: 'every rental settled' },
    );
    for (const { contract_id, status } of settled) {
      seen.add(contract_id);
      if (status !== 'active') continue;
      expect((await tenant.ssh(await tenant.address(contract_id), 'echo here')).stdout).toBe('here\n');
      await tenant.dc.json(['contract', 'cancel', contract_id]);
    }
    await eventually(
      async () => {
        const contracts: Contract[] = await tenant.dc.json(['contract', 'list']);
        const mine = contracts.filter(({ contract_id }) =>
          settled.some((one) => one.contract_id === contract_id),
        );
        const paid = mine.filter(({ payment_status }) => payment_status === 'succeeded');
        const refunds = mine.reduce((sum, one) => sum + BigInt(one.refund_amount_e9s ?? 0), 0n);
        const charged = mine.filter(({ payment_status }) => payment_status === 'refunded').length;
        return (
          paid.length === 0 && (await tenant.balanceE9s()) === before - BigInt(charged) * PRICE_E9S + refunds
        );
      },
      { deadlineMs: 60_000, everyMs: 500, what: 'the money being back' },
    );
    await eventually(
      async () => (await tenant.dc.json(['offering', 'get', String(offeringId)])).stock_available === 20,
      { deadlineMs: 60_000, everyMs: 500, what: 'the stock being back' },
    );
    await assertBooksBalance(platform);
  },
  240_000,
);

interface Contract {
  readonly contract_id: string;
  readonly status: string;
  readonly payment_status: string;
  readonly refund_amount_e9s?: number | bigint;
}
const seen = new Set<string>();

test('no machine is left, and nobody died of an unhandled error', async () => {
  const contracts: Contract[] = await tenant.dc.json(['contract', 'list']);
  expect(contracts.filter(({ status }) => status === 'active')).toEqual([]);
  const errors = await platform.errors();
  expect(errors.filter((line) => /unhandled|uncaught|nobody handled/i.test(line))).toEqual([]);
});
