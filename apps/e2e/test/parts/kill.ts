import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { innerServiceNames } from '@decent-cloud/messages';
import { eventually, sampleOfEach } from '@decent-cloud/testing';
import pg from 'pg';
import { assertBooksBalance } from '../../src/books.ts';
import type { Platform } from '../../src/platform.ts';
import { Renting, SETTLED } from '../../src/renting.ts';
import { Tenant } from '../../src/tenant.ts';

const PRICE_E9S = 10_000_000n;
const STOCK = 20;
const AT_ONCE = 12;
/** The broker and two services, in `npm test`: single processes die in the crash points and in the agent's spec too. */
const PARTS = sampleOfEach(
  [...innerServiceNames, 'gateway', 'demo-agent', 'nats'],
  (part) => (part === 'nats' ? part : 'process'),
  (part) => part,
  2,
);

/** A service, the agent or the broker dies while machines are made and given back. */
export function kill(running: () => Platform): void {
  describe('kill -9 of one process', () => {
    let platform: Platform;
    let tenant: Tenant;
    let renting: Renting;
    let database: pg.Client;
    let publicKey: string;

    beforeAll(async () => {
      platform = running();
      tenant = await Tenant.create(platform.apiUrl, 'carol', 100);
      renting = await Renting.of(tenant);
      publicKey = (await tenant.keyPair()).publicKeyHex;
      database = new pg.Client({ connectionString: await platform.databaseUrl('contracts') });
      await database.connect();
    }, 180_000);
    afterAll(async () => {
      await database?.end();
      await tenant?.leave();
    });

    /** Kills the part when the database shows at least one rental on its way, and gives how many there were. */
    async function killMidway(part: string, pid: number, onItsWay: string): Promise<number> {
      return eventually(
        async () => {
          const { rows } = await database.query<{ count: number }>(
            `select count(*)::int as count from contract where requester_pubkey = $1 and status in (${onItsWay})`,
            [publicKey],
          );
          const count = rows[0]?.count ?? 0;
          if (count > 0) process.kill(pid, 'SIGKILL');
          return count > 0 && count;
        },
        { everyMs: 1, deadlineMs: 20_000, what: `a rental on its way when ${part} is killed` },
      );
    }

    test.each(PARTS)(
      'kill -9 of %s while machines are made, and while they are given back: running or refunded',
      async (part) => {
        const before = await tenant.balanceE9s();
        const pid = await platform.pidOf(part);
        const asked = Promise.allSettled(Array.from({ length: AT_ONCE }, renting.rent));
        const midway = await killMidway(part, pid, `'requested', 'accepted', 'provisioning', 'provisioned'`);
        await asked;
        await platform.pidOf(part);
        const settled = await eventually(
          async () => {
            const contracts = await renting.ofRound();
            return contracts.every(({ status }) => SETTLED.includes(status)) && contracts;
          },
          { deadlineMs: 90_000, everyMs: 300, what: 'every rental settled' },
        );
        expect(settled.length).toBeGreaterThanOrEqual(midway);
        const running = settled
          .filter(({ status }) => status === 'active')
          .map(({ contract_id }) => contract_id);
        for (const id of running.slice(0, 3)) {
          expect(await tenant.runInMachine(id, 'echo here')).toBe('here\n');
        }

        // The same part again, when the first machine is given back and the others are being.
        const pidNow = await platform.pidOf(part);
        const cancelling = running.map(renting.cancel);
        if (running.length > 0) {
          await Promise.race(cancelling.map((one) => one.catch(() => undefined)));
          process.kill(pidNow, 'SIGKILL');
        }
        await Promise.allSettled(cancelling);
        await platform.pidOf(part);
        await eventually(
          async () => {
            const contracts = await renting.ofRound();
            // What a person does whose cancelling was not answered.
            for (const { contract_id, status } of contracts)
              if (status === 'active') await renting.cancel(contract_id);
            const refunded = contracts.filter(({ payment_status }) => payment_status === 'refunded');
            const refunds = refunded.reduce((sum, one) => sum + (one.refund_amount_e9s ?? 0n), 0n);
            return (
              contracts.length === settled.length &&
              contracts.every(
                ({ status, payment_status }) => status !== 'active' && payment_status !== 'succeeded',
              ) &&
              (await tenant.balanceE9s()) === before - BigInt(refunded.length) * PRICE_E9S + refunds
            );
          },
          { deadlineMs: 90_000, everyMs: 500, what: 'the money being back' },
        );
        await assertBooksBalance(platform);
        renting.endRound(settled);
      },
      300_000,
    );

    test('rentals went through all of it, no machine is left, nobody died of an unhandled error', async () => {
      expect(renting.count).toBeGreaterThanOrEqual(PARTS.length);
      const { rows } = await database.query<{ status: string; count: number }>(
        `select new_status as status, count(distinct contract_id)::int as count from contract_status_history
         group by new_status`,
      );
      expect(rows.find(({ status }) => status === 'active')?.count).toBeGreaterThan(PARTS.length);
      await eventually(
        async () => (await readdir(join(platform.dataDir, 'demo/agent/data/machines'))).length === 0,
        { deadlineMs: 60_000, everyMs: 300, what: 'every machine being gone' },
      );
      // A crash between hold and contract leaves a hold, which ends by its own deadline.
      await eventually(
        async () =>
          (await tenant.dc.json(['offering', 'get', String(renting.offeringId)])).stock_available === STOCK,
        { deadlineMs: 120_000, everyMs: 500, what: 'the stock being back' },
      );
      const errors = await platform.errors();
      expect(errors.filter((line) => /unhandled|uncaught|nobody handled/i.test(line))).toEqual([]);
    }, 240_000);
  });
}
