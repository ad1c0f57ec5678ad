import { randomBytes } from 'node:crypto';
import { createContract, listContractEvents } from '@decent-cloud/messages/contracts';
import { Database } from '@decent-cloud/postgres';
import type { Bench, Case } from '../bench.ts';
import { measureCpu, totalCpuSeconds } from '../load/cpu.ts';
import { inParallel } from '../load/http-load.ts';
import { newAccount, startPlatform } from '../platform/market.ts';
import type { Platform } from '../platform/platform.ts';
import { type Events, watchEvents } from '../platform/watch-events.ts';
import { percentile } from '../report/percentile.ts';
import { rental } from './operations.ts';

/** Together below what the demo's agent can hold. */
const ONE_BY_ONE = 20;
const AT_ONCE = 25;
const RENTERS = 8;

const PAID_TO_COMMAND = 'paid to command at the agent, p95';
const PAID_TO_AGENT = 'paid to agent, p50';
const PAID_TO_MACHINE = 'paid to machine in use, p50';
const RATE = 'rentals end to end';
const COST = 'rental end to end, CPU';

/** With a real agent that makes real machines: processes on this computer. */
export const rentals: Case = {
  lines: [PAID_TO_COMMAND, PAID_TO_AGENT, PAID_TO_MACHINE, RATE, COST].map((name) => ({
    bar: undefined,
    name,
  })),
  async run(bench) {
    const platform = await bench.once(startPlatform);
    const offeringId = await demoOffering(bench, platform);
    const { client } = await newAccount(platform, `renter-${randomBytes(4).toString('hex')}`);
    const events = await watchEvents(client);
    bench.atEnd(() => events.stop());
    const rent = async (): Promise<string> =>
      (
        await client.call(
          createContract,
          { body: rental(offeringId) },
          { idempotencyKey: randomBytes(16).toString('hex') },
        )
      ).contractId;

    const toCommand: number[] = [];
    const toAgent: number[] = [];
    const toMachine: number[] = [];
    for (let n = 0; n < ONE_BY_ONE; n++) {
      const active = nextActive(events);
      const id = await rent();
      await active;
      const history = await client.call(listContractEvents, { params: { id } });
      const at = (status: string): bigint => {
        const found = history.find(({ newStatus }) => newStatus === status);
        if (!found) throw new Error(`contract ${id} was never ${status}`);
        return found.createdAt;
      };
      toCommand.push((await platform.commandAtMs(id)) - Number(at('accepted')) / 1e6);
      toAgent.push(Number(at('provisioning') - at('accepted')) / 1e6);
      toMachine.push(Number(at('active') - at('accepted')) / 1e6);
    }

    await platform.quiet();
    const groups = { ...(await platform.groups()), agent: [await platform.agentPid()] };
    const used = await measureCpu(groups, async () => {
      let left = AT_ONCE;
      const all = events.next((event) => isActive(event) && --left === 0);
      await Promise.all([inParallel(new Array(AT_ONCE).fill(0), RENTERS, rent), all]);
    });
    const unit = await bench.verifyMicroseconds();
    const micros = (totalCpuSeconds(used) / AT_ONCE) * 1e6;
    const shares = Object.entries(used.cpuSeconds).map(
      ([part, seconds]) => `${part} ${Math.round((seconds / AT_ONCE) * 1e3)}`,
    );
    const milliseconds = (name: string, values: readonly number[], note: string) => ({
      bar: undefined,
      name,
      measured: { value: percentile(values, 50), unit: 'ms' },
      note,
    });
    return [
      {
        bar: undefined,
        name: PAID_TO_COMMAND,
        measured: { value: percentile(toCommand, 95), unit: 'ms' },
        limit: { atMost: 100 },
        note: `of ${ONE_BY_ONE} one by one: from the stamp of payment and acceptance to the agent’s log of its order`,
      },
      milliseconds(
        PAID_TO_AGENT,
        toAgent,
        'until the contract knows that the agent has begun: the way to the agent and the way back, by the stamps of its history',
      ),
      milliseconds(PAID_TO_MACHINE, toMachine, 'the same until the machine was handed over'),
      {
        bar: undefined,
        name: RATE,
        measured: { value: AT_ONCE / used.wallSeconds, unit: '/s' },
        note: `${AT_ONCE} rentals by ${RENTERS} callers until all machines were in use`,
      },
      {
        bar: undefined,
        name: COST,
        measured: { value: micros, unit: 'us' },
        yardstick: { what: 'crypto.verify', value: unit, unit: 'us' },
        ratio: micros / unit,
        note: `${shares.join(', ')} ms, the machines themselves not counted apart from the agent`,
      },
    ];
  },
};

interface StatusEvent {
  readonly event: string;
  readonly data: unknown;
}

const isActive = ({ event, data }: StatusEvent): boolean =>
  event === 'contract-status' && (data as { status?: string }).status === 'active';

const nextActive = (events: Events): Promise<unknown> => events.next(isActive);

/** The demo's smaller offering, with enough of it in stock. */
async function demoOffering(bench: Bench, platform: Platform): Promise<bigint> {
  const database = new Database({
    connectionString: await platform.databaseUrl('offerings'),
    applicationName: 'bench',
    maxConnections: 1,
  });
  bench.atEnd(() => database.close());
  const [row] = await database.query<{ id: bigint }>(
    `update offering set stock_total = 1000 where offering_id = 'demo-small' and deleted_at_ns is null returning id`,
  );
  if (!row) throw new Error('the demo has no offering');
  return row.id;
}
