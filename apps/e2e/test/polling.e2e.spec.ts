import { randomBytes, randomUUID } from 'node:crypto';
import { openCredential } from '@decent-cloud/identity';
import { printExactJson } from '@decent-cloud/kernel';
import { createPool, createSetupToken, getHealthSummary } from '@decent-cloud/messages/agents';
import { getCredentials, resetPassword, rotateSshKey } from '@decent-cloud/messages/contracts';
import { createOffering } from '@decent-cloud/messages/offerings';
import { eventually, FakeCloudflare } from '@decent-cloud/testing';
import { assertBooksBalance } from '../src/books.ts';
import { CrashControl } from '../src/crash-control.ts';
import { Platform } from '../src/platform.ts';
import { ShippedAgent, type Wire } from '../src/shipped-agent.ts';
import { SMALL_OFFERING } from '../src/small-offering.ts';
import { Tenant } from '../src/tenant.ts';

const PASSWORD = `Pl4in-${crypto.randomUUID()}`;
const NEW_PASSWORD = `N3w-${crypto.randomUUID()}`;

const DC_ID = 'dc-lk';
const SLUG = 'k7m2p4';
const PUBLIC_IP = '8.8.4.4';

let zone: FakeCloudflare;
let crashes: CrashControl;
let platform: Platform;
let tenant: Tenant;
let owner: Tenant;
let agent: ShippedAgent;
let offeringId: bigint;
/** What the gateway of its data centre was given. */
let registered: Wire;

beforeAll(async () => {
  [zone, crashes] = await Promise.all([FakeCloudflare.start(), CrashControl.create()]);
  platform = await Platform.start({
    env: { ...zone.env, ...crashes.environment, DNS_REPEAT_SECONDS: '0.2' },
  });
  [tenant, owner] = await Promise.all([
    Tenant.create(platform.apiUrl, 'paula', 10),
    Tenant.create(platform.apiUrl, 'oldprovider', 0),
  ]);
  const api = await owner.api();
  const pubkey = (await owner.keyPair()).publicKeyHex;
  const pool = await api.call(createPool, {
    params: { pubkey },
    body: { name: 'Old', location: 'europe', provisionerType: 'proxmox' },
  });
  const { token } = await api.call(createSetupToken, {
    params: { pubkey, pool_id: pool.poolId },
    body: { label: 'shipped' },
  });
  agent = new ShippedAgent(platform.apiUrl);
  const { status, body } = await agent.setUp(token);
  expect({ status, poolId: body.data.poolId }).toEqual({ status: 200, poolId: pool.poolId });
  // Setting up ends when this fails.
  const gateway = await agent.call('POST', '/agents/gateway/register', { dcId: DC_ID });
  expect(gateway).toMatchObject({
    status: 200,
    body: { success: true, data: { acmeDnsServerUrl: `${platform.apiUrl}/api/v1/acme-dns` } },
  });
  registered = gateway.body.data;
  offeringId = await api.call(createOffering, {
    params: { pubkey },
    body: {
      offering_id: 'old-small',
      offer_name: 'Old Small',
      ...SMALL_OFFERING,
      processor_cores: 2,
      memory_amount: '2 GB',
      total_ssd_capacity: '20 GB',
      provisioner_type: 'proxmox',
      agent_pool_id: pool.poolId,
    },
  });
}, 240_000);
afterAll(async () => {
  await Promise.all([tenant?.leave(), owner?.leave()]);
  await platform?.stop();
  await Promise.all([zone?.stop(), crashes?.remove()]);
}, 120_000);

const beat = () =>
  agent.ofProvider('POST', '/heartbeat', {
    version: '0.6.0',
    provisionerType: 'proxmox',
    activeContracts: 0,
    bandwidthStats: [{ gatewaySlug: 'k7m2p4', contractId: 'ab'.repeat(32), bytesIn: 1_000, bytesOut: 2_000 }],
  });

const dns = (action: 'create' | 'delete', slug: string) =>
  agent.call('POST', '/agents/dns', {
    action,
    slug,
    dcId: DC_ID,
    ...(action === 'create' && { publicIp: PUBLIC_IP }),
  });
const nameOf = (slug: string) => `${slug}.${DC_ID}.gw.${zone.domain}`;
const addressesOf = (slug: string) => zone.contents('A', nameOf(slug));

const pending = (id: string): Promise<Wire> =>
  eventually(
    async () => {
      const { body } = await agent.ofProvider('GET', '/contracts/pending-provision');
      return body.data.find((one: Wire) => one.contract_id === id);
    },
    { deadlineMs: 60_000, everyMs: 200, what: 'the contract being pending' },
  );

const becomes = (id: string, wanted: (contract: Wire) => boolean, what: string): Promise<Wire> =>
  eventually(
    async () => {
      const contract = await tenant.contract(id);
      return wanted(contract) && contract;
    },
    { deadlineMs: 60_000, everyMs: 200, what },
  );

const reconcile = async (...ids: string[]): Promise<Wire> => {
  const runningInstances = ids.map((contractId) => ({ externalId: '100', contractId }));
  return (await agent.ofProvider('POST', '/reconcile', { runningInstances })).body.data;
};

/** The tenant wants a new password and another SSH key; the agent sees both, and does them. */
async function asksInside(id: string): Promise<void> {
  const api = await tenant.api();
  const newSshPubkey = (await owner.sshPublicKey()).trim();
  await api.call(resetPassword, { params: { id } });
  await api.call(rotateSshKey, { params: { id }, body: { newSshPubkey } });
  const waits = (path: string): Promise<Wire> =>
    eventually(
      async () => {
        const { body } = await agent.ofProvider('GET', `/contracts/${path}`);
        return body.data.find((one: Wire) => one.contractId === id && one.contract_id === id);
      },
      { deadlineMs: 60_000, everyMs: 200, what: path },
    );
  expect(JSON.parse((await waits('pending-password-reset')).provisioningInstanceDetails)).toMatchObject({
    external_id: '100',
  });
  expect((await waits('pending-ssh-key-rotation')).requesterSshPubkey).toBe(newSshPubkey);
  const ofContract = `/provider/rental-requests/${id}`;
  expect((await agent.call('PUT', `${ofContract}/password`, { newPassword: NEW_PASSWORD })).body).toEqual({
    success: true,
    data: 'Password updated successfully',
  });
  expect((await agent.call('PUT', `${ofContract}/ssh-key-rotation`)).body).toEqual({
    success: true,
    data: 'SSH key rotation completed successfully',
  });
  const { seed } = await tenant.keyPair();
  await eventually(
    async () => {
      const envelope = await api.call(getCredentials, { params: { id } });
      return openCredential({ seed, envelope, contractId: id }) === NEW_PASSWORD;
    },
    { deadlineMs: 60_000, everyMs: 200, what: 'the new password' },
  );
  await becomes(id, (contract) => contract.requester_ssh_pubkey === newSshPubkey, 'the new SSH key');
}

test('its gateway gets certificates for all of its names', async () => {
  const values = [0, 1].map(() => randomBytes(32).toString('base64url'));
  // Two orders at once: of the names and of what is above them.
  const answers = await Promise.all(values.map((txt) => agent.answerChallenge(registered, txt)));
  expect(answers).toEqual(values.map((txt) => ({ status: 200, body: { txt } })));
  expect(zone.contents('TXT', `_acme-challenge.${DC_ID}.gw.${zone.domain}`)).toEqual(values.sort());

  const before = zone.requests.length;
  expect(await agent.answerChallenge(registered, values[0] as string, 'wrong')).toEqual({
    status: 401,
    body: { error: 'X-Api-User or X-Api-Key is wrong' },
  });
  expect(await agent.answerChallenge(registered, 'no challenge')).toMatchObject({
    status: 400,
    body: { error: expect.stringContaining('txt') },
  });
  const nobody = await fetch(`${registered.acmeDnsServerUrl}/update`, { method: 'POST' });
  expect([nobody.status, Object.keys((await nobody.json()) as object)]).toEqual([401, ['error']]);
  expect(zone.requests).toHaveLength(before);
  zone.misbehave({ action: 'rate-limit', retryAfterSeconds: 60 });
  expect(await agent.answerChallenge(registered, values[0] as string)).toMatchObject({ status: 500 });
  zone.behave();
});

test('a shipped agent serves a whole rental', async () => {
  expect(await beat()).toMatchObject({
    status: 200,
    body: { success: true, data: { acknowledged: true, nextHeartbeatSeconds: 60, poolName: 'Old' } },
  });
  await eventually(async () => {
    const offering = await tenant.dc.json(['offering', 'get', String(offeringId)]);
    return offering.provider_online === true;
  });

  const id = await tenant.rent(offeringId, 1);
  expect(await pending(id)).toMatchObject({
    contract_id: id,
    offering_id: 'old-small',
    requester_ssh_pubkey: (await tenant.sshPublicKey()).trim(),
    cpu_cores: 2,
    provisioner_type: 'proxmox',
  });
  const lock = await agent.ofProvider('POST', `/contracts/${id}/lock`);
  expect(lock).toEqual({
    status: 200,
    body: { success: true, data: { acquired: true, expiresAtNs: expect.any(Number) } },
  });
  const provisioning = `/provider/rental-requests/${id}/provisioning`;
  expect(
    (await agent.call('PUT', provisioning, { status: 'provisioning', instanceDetails: '' })).body,
  ).toEqual({
    success: true,
    data: 'Provisioning status updated',
  });
  await becomes(id, ({ status }) => status === 'provisioning', 'provisioning');
  expect(await dns('create', SLUG)).toEqual({
    status: 200,
    body: { success: true, data: { subdomain: nameOf(SLUG) } },
  });
  expect(addressesOf(SLUG)).toEqual([PUBLIC_IP]);
  const instance = {
    external_id: '100',
    ip_address: '10.0.0.7',
    ipv6_address: null,
    public_ip: PUBLIC_IP,
    ssh_port: 22,
    root_password: PASSWORD,
    additional_details: null,
    gateway_slug: SLUG,
    gateway_subdomain: nameOf(SLUG),
    gateway_ssh_port: 20_000,
    gateway_port_range_start: 20_001,
    gateway_port_range_end: 20_009,
  };
  const provisioned = { status: 'provisioned', instanceDetails: JSON.stringify(instance) };
  expect((await agent.call('PUT', provisioning, provisioned)).status).toBe(200);
  expect((await agent.ofProvider('DELETE', `/contracts/${id}/lock`)).body).toEqual({
    success: true,
    data: true,
  });

  const active = await becomes(id, ({ status }) => status === 'active', 'active');
  expect(active).toMatchObject({ gateway_slug: 'k7m2p4', gateway_ssh_port: 20_000 });
  expect(JSON.parse(active.provisioning_instance_details)).toMatchObject({
    external_id: '100',
    public_ip: PUBLIC_IP,
    gateway_subdomain: nameOf(SLUG),
  });
  expect(printExactJson(active)).not.toContain(PASSWORD);
  const envelope = await (await tenant.api()).call(getCredentials, { params: { id } });
  const { seed } = await tenant.keyPair();
  expect(openCredential({ seed, envelope, contractId: id })).toBe(PASSWORD);
  expect((await tenant.dc.run(['contract', 'credentials', id])).stdout).toContain(PASSWORD);

  await asksInside(id);

  for (const [path, latencyMs] of [
    [`/contracts/${id}/health`, 12],
    [`/provider/contracts/${id}/health`, 14],
  ] as const) {
    const checkedAt = Number((BigInt(Date.now()) + BigInt(latencyMs)) * 1_000_000n);
    const check = { checkedAt, status: 'healthy', latencyMs, details: '{"uptime_seconds":5}' };
    expect(await agent.call('POST', path, check)).toMatchObject({
      status: 200,
      body: { success: true, data: { contractId: id, status: 'healthy', latencyMs } },
    });
  }
  const summary = await (await tenant.api()).call(getHealthSummary, { params: { id } });
  expect(summary).toMatchObject({ totalChecks: 2n, healthyChecks: 2n, uptimePercent: 100, avgLatencyMs: 13 });
  expect((await reconcile(id)).keep).toEqual([
    { externalId: '100', contractId: id, endsAt: Number(active.end_timestamp_ns) },
  ]);

  await tenant.dc.json(['contract', 'cancel', id]);
  const told = await eventually(
    async () => {
      const answer = await reconcile(id);
      return answer.terminate.length === 1 && answer;
    },
    { deadlineMs: 60_000, everyMs: 200, what: 'terminate' },
  );
  expect(told.terminate).toEqual([{ externalId: '100', contractId: id, reason: 'cancelled' }]);
  expect(await dns('delete', SLUG)).toMatchObject({ status: 200 });
  expect(addressesOf(SLUG)).toEqual([]);
  expect((await agent.ofProvider('PUT', `/contracts/${id}/terminated`)).body).toEqual({
    success: true,
    data: true,
  });

  const refunded = await becomes(id, (contract) => contract.payment_status === 'refunded', 'refunded');
  expect(refunded.status).toBe('cancelled');
  const refund = BigInt(refunded.refund_amount_e9s);
  expect(refund).toBeGreaterThan(0n);
  expect(await tenant.balanceE9s()).toBe(10_000_000_000n - 10_000_000n + refund);
  await eventually(async () => {
    const offering = await tenant.dc.json(['offering', 'get', String(offeringId)]);
    return offering.stock_available === 3;
  });
  await assertBooksBalance(platform);
}, 300_000);

test('one that cannot be made costs nothing', async () => {
  await beat();
  const before = await tenant.balanceE9s();
  const id = await tenant.rent(offeringId, 1);
  await pending(id);
  await agent.ofProvider('POST', `/contracts/${id}/lock`);
  const report = { status: 'provisioning_failed', instanceDetails: 'no template 9000' };
  await agent.call('PUT', `/provider/rental-requests/${id}/provisioning`, report);
  await agent.ofProvider('DELETE', `/contracts/${id}/lock`);
  const failed = await becomes(id, (contract) => contract.payment_status === 'refunded', 'refunded');
  expect(failed).toMatchObject({
    status: 'provisioningfailed',
    provisioning_failure_reason: expect.stringContaining('no template 9000'),
  });
  expect(await tenant.balanceE9s()).toBe(before);
  await assertBooksBalance(platform);
}, 120_000);

describe('the process that writes names is killed', () => {
  /** So long until who asked is told that nobody answers: what happens meanwhile is looked at meanwhile. */
  const asked: Promise<{ status: number }>[] = [];

  /** Asks for the name, and gives which addresses it has after the kill. */
  async function killAt(place: string, slug: string): Promise<readonly string[]> {
    const pid = await platform.pidOf('agents');
    const id = randomUUID();
    const point = `agents:req.agents.v1.set-gateway-dns:${place}`;
    crashes.arm([{ id, point, action: 'kill', times: 1 }]);
    asked.push(dns('create', slug));
    await eventually(() => crashes.hits().some((hit) => hit.id === id), { what: point });
    const left = addressesOf(slug);
    await eventually(async () => (await platform.pidOf('agents')) !== pid);
    await eventually(async () => (await beat()).status === 200, { deadlineMs: 60_000, what: 'an answer' });
    return left;
  }
  const becomesHis = (slug: string) =>
    eventually(async () => (await dns('create', slug)).status === 200, {
      deadlineMs: 60_000,
      everyMs: 500,
      what: 'the name',
    });

  test('who asked is told that nobody answers', async () => {
    expect(await killAt('before-dns', 'aaaaa1')).toEqual([]);
    expect(await killAt('after-dns', 'aaaaa2')).toEqual([PUBLIC_IP]);
    expect(await killAt('after-dns', 'aaaaa3')).toEqual([PUBLIC_IP]);
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([503, 503, 503]);
  }, 120_000);

  test.each(['aaaaa1', 'aaaaa2'])(
    'whoever asks again gets it: %s',
    async (slug) => {
      await becomesHis(slug);
      expect(addressesOf(slug)).toEqual([PUBLIC_IP]);
    },
    120_000,
  );

  test('whoever does not has nothing left behind', async () => {
    await eventually(() => addressesOf('aaaaa3').length === 0, {
      deadlineMs: 60_000,
      what: 'the name being gone',
    });
  }, 120_000);
});

test('a stranger with an agent key gets nowhere', async () => {
  const stranger = new ShippedAgent(platform.apiUrl);
  stranger.provider = agent.provider;
  expect(await stranger.ofProvider('GET', '/contracts/pending-provision')).toMatchObject({
    status: 401,
    body: { success: false, code: 'DELEGATION_MISSING' },
  });
});

test('nobody logged an error, and no secret is in a log', async () => {
  expect(await platform.errors()).toEqual([]);
  const parts = ['gateway', 'agents', 'contracts', 'notifications'];
  const texts = await Promise.all(parts.map(async (part) => JSON.stringify(await platform.logLines(part))));
  for (const [index, text] of texts.entries()) {
    expect(text.length).toBeGreaterThan(100);
    const secrets = [PASSWORD, NEW_PASSWORD, registered.acmeDnsPassword, zone.token];
    const found = secrets.some((secret) => text.includes(secret));
    expect({ part: parts[index], found }).toEqual({
      part: parts[index],
      found: false,
    });
  }
});
