import { bytesToHex, createSigner, generateKeyPair } from '@decent-cloud/identity';
import { eventually } from '@decent-cloud/testing';
import { assertBooksBalance } from '../../src/books.ts';
import type { Platform } from '../../src/platform.ts';
import { Tenant } from '../../src/tenant.ts';

/** Two of everything are used at the same time. */
export function replicas(running: () => Platform): void {
  describe('two of everything', () => {
    let platform: Platform;
    let tenants: Tenant[];
    let offeringId: bigint;

    beforeAll(async () => {
      platform = running();
      tenants = await Promise.all(
        platform.gatewayUrls.map((url, index) => Tenant.create(url, `dave${index}`, 10)),
      );
      const offerings = await tenants[0]?.dc.json(['contract', 'list-offerings']);
      offeringId = BigInt(
        offerings.find((offering: { offering_id: string }) => offering.offering_id === 'demo-small').id,
      );
    }, 240_000);
    afterAll(() => Promise.all((tenants ?? []).map((tenant) => tenant.leave())));

    test('two of everything rent, run and refund like one', async () => {
      await Promise.all(
        tenants.map(async (tenant) => {
          const ids = await Promise.all([0, 1, 2].map(() => tenant.rent(offeringId)));
          for (const id of ids) {
            await tenant.dc.json(['contract', 'wait', id, '--state', 'active', '--timeout', '60']);
            expect(await tenant.runInMachine(id, 'echo here')).toBe('here\n');
          }
          await Promise.all(ids.map((id) => tenant.dc.json(['contract', 'cancel', id])));
          await eventually(
            async () => {
              const contracts = await Promise.all(ids.map((id) => tenant.contract(id)));
              const refunds = contracts.reduce((sum, one) => sum + BigInt(one.refund_amount_e9s ?? 0), 0n);
              return (
                contracts.every(({ payment_status }) => payment_status === 'refunded') &&
                (await tenant.balanceE9s()) === 10_000_000_000n - 30_000_000n + refunds
              );
            },
            { deadlineMs: 60_000, everyMs: 300 },
          );
        }),
      );
      await assertBooksBalance(platform);
    }, 180_000);

    test('a request that one gateway has taken is refused by the other', async () => {
      const keyPair = generateKeyPair();
      const path = `/api/v1/users/${bytesToHex(keyPair.publicKey)}/notifications`;
      const [first = '', second = ''] = platform.gatewayUrls;
      const headers = await createSigner(keyPair, { version: 1 }).sign({
        method: 'GET',
        host: new URL(first).host,
        path,
        query: '',
        body: new Uint8Array(),
        timestampNs: BigInt(Date.now()) * 1_000_000n,
        nonce: globalThis.crypto.randomUUID(),
      });
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          fetch(`${index % 2 === 0 ? first : second}${path}`, { headers }),
        ),
      );
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
      expect(statuses.filter((status) => status === 401)).toHaveLength(39);
      const refused = (await answers.find(({ status }) => status === 401)?.json()) as { code: string };
      expect(refused.code).toBe('SIGNATURE_REPLAYED');
    });

    test('nobody logged an error', async () => {
      expect(await platform.errors()).toEqual([]);
    });
  });
}
