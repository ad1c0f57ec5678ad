import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from '@decent-cloud/client';
import { createSigner, keyPairFromSeed } from '@decent-cloud/identity';
import { listPools } from '@decent-cloud/messages/agents';
import { createOffering, listMyOfferings } from '@decent-cloud/messages/offerings';
import { assertBooksBalance } from '../src/books.ts';
import { Platform } from '../src/platform.ts';
import { changeFromInside, type Seen } from '../src/rented-inside.ts';
import { SMALL_OFFERING } from '../src/small-offering.ts';
import { Tenant } from '../src/tenant.ts';

const SCRIPT = 'echo "set up for $DC_OFFERING_ID"; echo "a warning" >&2; exit 4';

let platform: Platform;
let alice: Tenant;
let mallory: Tenant;
let offeringId: bigint;
let seen: Seen;

/** The demo's provider lets something with a script. */
async function offerWithScript(): Promise<bigint> {
  const seed = (await readFile(join(platform.dataDir, 'demo/provider.key'), 'utf8')).trim();
  const keyPair = keyPairFromSeed(seed);
  const provider = createClient({ baseUrl: platform.apiUrl, signer: createSigner(keyPair) });
  const params = { pubkey: keyPair.publicKeyHex };
  const [pool] = await provider.call(listPools, { params });
  const [known] = await provider.call(listMyOfferings, {});
  if (!pool || !known) throw new Error('the demo has no pool or nothing for rent');
  return provider.call(createOffering, {
    params,
    body: {
      offering_id: 'with-script',
      offer_name: 'With a script',
      ...SMALL_OFFERING,
      provisioner_type: 'local',
      agent_pool_id: pool.poolId,
      post_provision_script: SCRIPT,
    },
  });
}

beforeAll(async () => {
  platform = await Platform.start();
  [alice, mallory] = await Promise.all([
    Tenant.create(platform.apiUrl, 'alice', 25),
    Tenant.create(platform.apiUrl, 'mallory', 0),
  ]);
  offeringId = await offerWithScript();
  seen = await changeFromInside(alice, offeringId);
}, 600_000);
afterAll(async () => {
  await Promise.all([alice?.leave(), mallory?.leave()]);
  await platform?.stop();
}, 60_000);

test('the new key gets in, the old one no more, and the contract names it', () => {
  expect(seen).toMatchObject({
    firstKeyBefore: true,
    newKeyBefore: false,
    firstKeyAfter: false,
    newKeyAfter: true,
    keyOfContract: seen.newKey,
  });
});

test('a new password is opened by the tenant alone, and logs in', () => {
  expect(seen.credentials).toMatchObject({
    user: expect.any(String),
    port: expect.any(Number),
    password: expect.stringMatching(/^[A-Za-z0-9]{24}$/),
  });
  expect([seen.passwordBefore, seen.passwordAfter]).toEqual([false, true]);
});

test('the tenant reads what the script has printed, and how it ended', () => {
  expect(seen.scriptLog).toBe('set up for with-script\n\n--- stderr ---\na warning\n');
  expect(seen.steps.join('\n')).toContain('script ended with 4');
});

test('every stage is an event', () => {
  expect(seen.events.filter((event) => /password|ssh_key|note|cancelled/.test(event))).toEqual([
    'note',
    'ssh_key_rotation',
    'ssh_key_rotation_complete',
    'password_reset_requested',
    'password_reset_complete',
    'cancelled',
  ]);
});

test('strangers change nothing and read nothing; what has ended stays as it is', async () => {
  const [contract] = await alice.dc.json(['contract', 'list']);
  const id = contract.contract_id;
  for (const args of [
    ['reset-password', id],
    ['rotate-ssh-key', id, '--ssh-pubkey', `${mallory.keyFile}.pub`],
    ['script-log', id],
  ]) {
    expect((await mallory.dc.run(['--json', 'contract', ...args])).code).toBe(4);
  }
  expect((await alice.dc.run(['--json', 'contract', 'reset-password', id])).code).toBe(7);
  expect((await alice.dc.json(['contract', 'script-log', id])).log).toContain('set up for');
}, 180_000);

test('the password is in no log; the books balance; nobody logged an error', async () => {
  const password = String(seen.credentials.password);
  expect(JSON.stringify(await Promise.all(parts().map((part) => platform.logLines(part))))).not.toContain(
    password,
  );
  await assertBooksBalance(platform);
  expect(await platform.errors()).toEqual([]);
}, 60_000);

const parts = () => ['gateway', 'contracts', 'agents', 'demo-agent', 'notifications'];
