import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@decent-cloud/client';
import {
  cancelContract,
  type contract as contractSchema,
  createContract,
  listMyContracts,
} from '@decent-cloud/messages/contracts';
import type { Output } from '@decent-cloud/messages/endpoint';
import { eventually } from '@decent-cloud/testing';
import { assertBooksBalance } from '../src/books.ts';
import { Platform } from '../src/platform.ts';
import { Tenant } from '../src/tenant.ts';

type Contract = Output<typeof contractSchema>;

const AT_ONCE = 10;
const SETTLED = ['active', 'cancelled', 'rejected', 'expired', 'provisioningfailed'];
/** What the agent's folder shows when it is killed. */
const MOMENTS = [
  { name: 'as soon as one is begun', isIt: ({ begun }: Seen) => begun > 0 },
  { name: 'when some are made', isIt: ({ made }: Seen) => made >= 3 },
  { name: 'when most are made', isIt: ({ made }: Seen) => made >= 7 },
] as const;

interface Seen {
  /** Contracts of this round in the agent's journal, and machines of it on the disk. */
  readonly begun: number;
  readonly made: number;
}

let platform: Platform;
let tenant: Tenant;
let api: Client;
let offeringId: bigint;
let sshKey: string;
const contractsBefore = new Set<string>();

beforeAll(async () => {
  platform = await Platform.start();
  tenant = await Tenant.create(platform.apiUrl, 'erin', 100);
  [api, sshKey] = await Promise.all([tenant.api(), tenant.sshPublicKey()]);
  const offerings = await tenant.dc.json(['contract', 'list-offerings']);
  offeringId = BigInt(
    offerings.find((offering: { offering_id: string }) => offering.offering_id === 'demo-small').id,
  );
}, 240_000);
afterAll(async () => {
  await tenant?.leave();
  await platform?.stop();
}, 60_000);

const rent = () =>
  api.call(
    createContract,
    { body: { offering_db_id: offeringId, ssh_pubkey: sshKey, duration_hours: 1, payment_method: 'wallet' } },
    { idempotencyKey: crypto.randomUUID() },
  );

async function contractsOfRound(): Promise<Contract[]> {
  const params = { pubkey: api.publicKey as string };
  const all = await api.call(listMyContracts, { params, query: { limit: 200 } });
  return all.filter(({ contract_id }) => !contractsBefore.has(contract_id));
}

const agentFolder = () => join(platform.dataDir, 'demo/agent/data');

const cancel = (id: string) =>
  api.call(cancelContract, { params: { id }, body: {} }, { idempotencyKey: crypto.randomUUID() });

/** Contracts of the machines on the agent's disk: those of a round are all given back before the next. */
async function machinesOfRound(): Promise<string[]> {
  const folder = join(agentFolder(), 'machines');
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  const contracts = names.map(async (name) => {
    const text = await readFile(join(folder, name, 'machine.json'), 'utf8').catch(gone);
    return text === undefined ? [] : [(JSON.parse(text) as { contractId: string }).contractId];
  });
  return (await Promise.all(contracts)).flat();
}

/** Removed between the look at the folder and the look at the file. */
function gone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

async function look(): Promise<Seen> {
  const journal = await readFile(join(agentFolder(), 'journal.db'), 'utf8');
  const begun = new Set(
    [...journal.matchAll(/"contractId":"([0-9a-f]{64})","generation":\d+,"commandId"/g)].map(
      ([, id]) => id as string,
    ),
  );
  for (const id of contractsBefore) begun.delete(id);
  return { begun: begun.size, made: (await machinesOfRound()).length };
}

test.each(MOMENTS)(
  'kill -9 of the agent with ten rentals on their way, $name: each active or refunded, a machine for each that is active',
  async ({ name, isIt }) => {
    const pid = await platform.pidOf('demo-agent');
    const balance = await tenant.balanceE9s();
    const renting = Promise.all(Array.from({ length: AT_ONCE }, rent));
    let fault: unknown;
    renting.catch((error: unknown) => {
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
    await renting;
    await eventually(async () => (await platform.pidOf('demo-agent')) !== pid, {
      deadlineMs: 60_000,
      what: 'the agent being started again',
    });

    const contracts = await eventually(
      async () => {
        const now = await contractsOfRound();
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
        const now = (await contractsOfRound()).filter(({ status }) => status !== 'active');
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
      expect((await tenant.ssh(await tenant.address(id), 'echo here')).stdout).toBe('here\n');
    }
    const paid = contracts.reduce(
      (sum, one) => sum + one.payment_amount_e9s - (one.refund_amount_e9s ?? 0n),
      0n,
    );
    expect(await tenant.balanceE9s()).toBe(balance - paid);
    await assertBooksBalance(platform);

    // The next round needs the places.
    await Promise.all(active.map(cancel));
    await eventually(
      async () => {
        const now = await contractsOfRound();
        const isOver = now.every(
          ({ status, payment_status }) => status !== 'active' && payment_status === 'refunded',
        );
        return isOver && (await machinesOfRound()).length === 0;
      },
      { deadlineMs: 120_000, everyMs: 300, what: 'every machine being given back' },
    );
    await assertBooksBalance(platform);
    for (const { contract_id } of contracts) contractsBefore.add(contract_id);
  },
  400_000,
);

test('every contract of all rounds is accounted for', () => {
  expect(contractsBefore.size).toBe(AT_ONCE * MOMENTS.length);
});
