import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually, sampleOfEach } from '@decent-cloud/testing';
import { assertBooksBalance } from '../../src/books.ts';
import { demoAgentFolder, demoMachines } from '../../src/demo-machines.ts';
import type { Platform } from '../../src/platform.ts';
import { Renting, SETTLED } from '../../src/renting.ts';
import { Tenant } from '../../src/tenant.ts';

const AT_ONCE = 10;
/** What the agent's folder shows when it is killed. */
const ALL_MOMENTS = [
  { name: 'as soon as one is begun', isIt: ({ begun }: Seen) => begun > 0 },
  { name: 'when some are made', isIt: ({ made }: Seen) => made >= 3 },
  { name: 'when most are made', isIt: ({ made }: Seen) => made >= 7 },
] as const;
/** One of them, in `npm test`. */
const MOMENTS = sampleOfEach<(typeof ALL_MOMENTS)[number]>(
  ALL_MOMENTS,
  () => '',
  ({ name }) => name,
);

interface Seen {
  /** Contracts of this round in the agent's journal, and machines of it on the disk. */
  readonly begun: number;
  readonly made: number;
}

/** The provider's agent dies while it makes machines. */
export function agentKill(running: () => Platform): void {
  describe('kill -9 of the agent', () => {
    let platform: Platform;
    let tenant: Tenant;
    let renting: Renting;
    /** Contracts that the agent knew before. */
    let others: ReadonlySet<string>;

    beforeAll(async () => {
      platform = running();
      tenant = await Tenant.create(platform.apiUrl, 'erin', 100);
      renting = await Renting.of(tenant);
      others = new Set([...(await inJournal()), ...(await demoMachines(platform))]);
    }, 240_000);
    afterAll(() => tenant?.leave());

    async function inJournal(): Promise<string[]> {
      const journal = await readFile(join(demoAgentFolder(platform), 'journal.db'), 'utf8');
      const entries = journal.matchAll(/"contractId":"([0-9a-f]{64})","generation":\d+/g);
      return [...new Set([...entries].map(([, id]) => id as string))];
    }

    const machinesOfRound = async () => (await demoMachines(platform)).filter((id) => !others.has(id));

    async function look(): Promise<Seen> {
      const begun = (await inJournal()).filter((id) => !others.has(id) && !renting.isOfBefore(id));
      // Those of a round are all given back before the next.
      return { begun: begun.length, made: (await machinesOfRound()).length };
    }

    test.each(MOMENTS)(
      'kill -9 of the agent with ten rentals on their way, $name: each active or refunded, a machine for each that is active',
      async ({ name, isIt }) => {
        const pid = await platform.pidOf('demo-agent');
        const balance = await tenant.balanceE9s();
        const asked = Promise.all(Array.from({ length: AT_ONCE }, renting.rent));
        let fault: unknown;
        asked.catch((error: unknown) => {
          fault = error;
        });
        const seen = await eventually(
          async () => {
            if (fault !== undefined) throw fault;
            const now = await look();
            if (!isIt(now)) return false;
            process.kill(pid, 'SIGKILL');
            return now;
          },
          { everyMs: 1, deadlineMs: 60_000, what: name },
        );
        await asked;
        await eventually(async () => (await platform.pidOf('demo-agent')) !== pid, {
          deadlineMs: 60_000,
          what: 'the agent being started again',
        });

        const contracts = await eventually(
          async () => {
            const now = await renting.ofRound();
            return now.length === AT_ONCE && now.every(({ status }) => SETTLED.includes(status)) && now;
          },
          { deadlineMs: 120_000, everyMs: 300, what: 'every rental settled' },
        );
        const active = contracts
          .filter(({ status }) => status === 'active')
          .map(({ contract_id }) => contract_id);
        const failed = contracts.filter(({ status }) => status !== 'active');
        await eventually(
          async () => {
            const now = (await renting.ofRound()).filter(({ status }) => status !== 'active');
            return now.every(({ payment_status }) => payment_status === 'refunded');
          },
          { deadlineMs: 60_000, everyMs: 300, what: 'the failed ones being refunded' },
        );
        const machines = await eventually(
          async () => {
            const now = await machinesOfRound();
            return now.length === active.length && now;
          },
          { deadlineMs: 60_000, everyMs: 300, what: 'as many machines as active contracts' },
        );
        process.stderr.write(
          `${name}: killed at ${JSON.stringify(seen)}; ${active.length} active, ${failed.length} refunded, ${machines.length} machines\n`,
        );
        expect([...machines].sort()).toEqual([...active].sort());
        for (const id of active) {
          expect(await tenant.runInMachine(id, 'echo here')).toBe('here\n');
        }
        const paid = contracts.reduce(
          (sum, one) => sum + one.payment_amount_e9s - (one.refund_amount_e9s ?? 0n),
          0n,
        );
        expect(await tenant.balanceE9s()).toBe(balance - paid);
        await assertBooksBalance(platform);

        // The next round needs the places.
        await Promise.all(active.map(renting.cancel));
        await eventually(
          async () => {
            const now = await renting.ofRound();
            const isOver = now.every(
              ({ status, payment_status }) => status !== 'active' && payment_status === 'refunded',
            );
            return isOver && (await machinesOfRound()).length === 0;
          },
          { deadlineMs: 120_000, everyMs: 300, what: 'every machine being given back' },
        );
        await assertBooksBalance(platform);
        renting.endRound(contracts);
      },
      400_000,
    );

    test('every contract of all rounds is accounted for', () => {
      expect(renting.count).toBe(AT_ONCE * MOMENTS.length);
    });
  });
}
