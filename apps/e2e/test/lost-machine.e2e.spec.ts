import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@decent-cloud/client';
import {
  createContract,
  getContract,
  getContractSteps,
  listContractEvents,
  setWhenMachineLost,
} from '@decent-cloud/messages/contracts';
import { listNotifications } from '@decent-cloud/messages/notifications';
import { eventually } from '@decent-cloud/testing';
import { assertBooksBalance } from '../src/books.ts';
import { demoAgentFolder } from '../src/demo-machines.ts';
import { Platform } from '../src/platform.ts';
import { Renting } from '../src/renting.ts';
import { Tenant } from '../src/tenant.ts';

let platform: Platform;
let alice: Tenant;
let api: Client;
let renting: Renting;

beforeAll(async () => {
  platform = await Platform.start({ env: { LOST_AFTER_SECONDS: '1', ALL_LOST_AFTER_SECONDS: '1' } });
  alice = await Tenant.create(platform.apiUrl, 'alice', 25);
  [api, renting] = await Promise.all([alice.api(), Renting.of(alice)]);
}, 300_000);
afterAll(async () => {
  await alice?.leave();
  await platform?.stop();
}, 60_000);

const read = (id: string) => api.call(getContract, { params: { id } });
const until = (id: string, what: string, holds: (contract: Awaited<ReturnType<typeof read>>) => boolean) =>
  eventually(
    async () => {
      const contract = await read(id);
      return holds(contract) && contract;
    },
    { deadlineMs: 90_000, everyMs: 200, what },
  );

async function rent(whenLost?: 'end' | 'make-again'): Promise<string> {
  const { contractId } = await api.call(
    createContract,
    {
      body: {
        offering_db_id: renting.offeringId,
        ssh_pubkey: await alice.sshPublicKey(),
        duration_hours: 1,
        payment_method: 'wallet',
        ...(whenLost && { when_machine_lost: whenLost }),
      },
    },
    { idempotencyKey: crypto.randomUUID() },
  );
  await until(contractId, 'a machine', ({ status }) => status === 'active');
  return contractId;
}

/** What somebody at the provider does by hand. */
async function removeByHand(contractId: string): Promise<void> {
  const folder = join(demoAgentFolder(platform), 'machines');
  for (const name of (await readdir(folder)).filter((one) => !one.startsWith('.'))) {
    const text = await readFile(join(folder, name, 'machine.json'), 'utf8');
    if (text.includes(contractId)) await rm(join(folder, name), { recursive: true });
  }
}

const eventsOf = async (id: string) =>
  (await api.call(listContractEvents, { params: { id } })).map(({ eventType }) => eventType);

test('a machine that is gone ends its rental with a refund, or is made again where its tenant knows it', async () => {
  const [ends, goesOn] = [await rent(), await rent()];
  await api.call(setWhenMachineLost, { params: { id: goesOn }, body: { whenMachineLost: 'make-again' } });
  const before = await read(goesOn);
  await removeByHand(ends);
  await removeByHand(goesOn);

  const ended = await until(ends, 'the end', ({ refund_amount_e9s: refund }) => refund !== undefined);
  expect(ended.status).toBe('cancelled');
  expect(ended.machine_down_since_ns).toBeDefined();
  const { steps } = await api.call(getContractSteps, { params: { id: ends } });
  expect(steps.find(({ name }) => name === 'restore-machine')).toMatchObject({
    state: 'failed',
    reason: 'MACHINE_LOST',
  });
  // All of the hour but the time that it ran, to the nanosecond.
  const hourNs = 3_600_000_000_000n;
  const ranNs = (ended.machine_down_since_ns ?? 0n) - (ended.provisioning_completed_at_ns ?? 0n);
  expect(ended.refund_amount_e9s).toBe((ended.payment_amount_e9s * (hourNs - ranNs)) / hourNs);

  const after = await until(
    goesOn,
    'another machine',
    ({ machine_availability: is, machine_down_ns: downNs }) => is === 'up' && (downNs ?? 0n) > 0n,
  );
  expect(after).toMatchObject({ status: 'active', end_timestamp_ns: before.end_timestamp_ns });
  const portOf = ({ provisioning_instance_details: details }: typeof after) =>
    (JSON.parse(details ?? '{}') as { ssh_port?: number }).ssh_port;
  expect(portOf(after)).toBe(portOf(before));
  expect(await eventsOf(goesOn)).toEqual(expect.arrayContaining(['machine_lost', 'machine_made_again']));

  const params = { pubkey: api.publicKey as string };
  const titles = (await api.call(listNotifications, { params })).map(({ title }) => title);
  expect(titles).toEqual(expect.arrayContaining(['Rental Cancelled', 'Machine Lost', 'Machine Made Again']));
  await renting.cancel(goesOn);
  await until(goesOn, 'its refund', ({ refund_amount_e9s: refund }) => refund !== undefined);
  await assertBooksBalance(platform);
}, 300_000);
