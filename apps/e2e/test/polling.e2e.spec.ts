import { randomBytes, randomUUID } from 'node:crypto';
import { openCredential } from '@decent-cloud/identity';
import { printExactJson } from '@decent-cloud/kernel';
import { getHealthSummary } from '@decent-cloud/messages/agents';
import { getCredentials, resetPassword, rotateSshKey } from '@decent-cloud/messages/contracts';
import { eventually } from '@decent-cloud/testing';
import { assertBooksBalance } from '../src/books.ts';
import { DC_ID, PollingStage, PUBLIC_IP } from '../src/polling-stage.ts';
import { ShippedAgent } from '../src/shipped-agent.ts';

const PASSWORD = `Pl4in-${crypto.randomUUID()}`;
const NEW_PASSWORD = `N3w-${crypto.randomUUID()}`;

const SLUG = 'k7m2p4';

let stage: PollingStage;

beforeAll(async () => {
  stage = await PollingStage.start();
}, 240_000);
afterAll(() => stage?.stop(), 120_000);

/** The tenant wants a new password and another SSH key; the agent sees both, and does them. */
async function asksInside(id: string): Promise<void> {
  const api = await stage.tenant.api();
  const newSshPubkey = (await stage.owner.sshPublicKey()).trim();
  await api.call(resetPassword, { params: { id } });
  await api.call(rotateSshKey, { params: { id }, body: { newSshPubkey } });
  const waits = (path: string) =>
    stage.waiting(path, (one) => one.contractId === id && one.contract_id === id);
  expect(JSON.parse((await waits('pending-password-reset')).provisioningInstanceDetails)).toMatchObject({
    external_id: '100',
  });
  expect((await waits('pending-ssh-key-rotation')).requesterSshPubkey).toBe(newSshPubkey);
  const ofContract = `/provider/rental-requests/${id}`;
  expect(
    (await stage.agent.call('PUT', `${ofContract}/password`, { newPassword: NEW_PASSWORD })).body,
  ).toEqual({
    success: true,
    data: 'Password updated successfully',
  });
  expect((await stage.agent.call('PUT', `${ofContract}/ssh-key-rotation`)).body).toEqual({
    success: true,
    data: 'SSH key rotation completed successfully',
  });
  const { seed } = await stage.tenant.keyPair();
  await eventually(
    async () => {
      const envelope = await api.call(getCredentials, { params: { id } });
      return openCredential({ seed, envelope, contractId: id }) === NEW_PASSWORD;
    },
    { deadlineMs: 60_000, everyMs: 200, what: 'the new password' },
  );
  await stage.becomes(id, (contract) => contract.requester_ssh_pubkey === newSshPubkey, 'the new SSH key');
}

test('its gateway gets certificates for all of its names', async () => {
  const values = [0, 1].map(() => randomBytes(32).toString('base64url'));
  // Two orders at once: of the names and of what is above them.
  const answers = await Promise.all(values.map((txt) => stage.agent.answerChallenge(stage.registered, txt)));
  expect(answers).toEqual(values.map((txt) => ({ status: 200, body: { txt } })));
  expect(stage.zone.contents('TXT', `_acme-challenge.${DC_ID}.gw.${stage.zone.domain}`)).toEqual(
    values.sort(),
  );

  const before = stage.zone.requests.length;
  expect(await stage.agent.answerChallenge(stage.registered, values[0] as string, 'wrong')).toEqual({
    status: 401,
    body: { error: 'X-Api-User or X-Api-Key is wrong' },
  });
  expect(await stage.agent.answerChallenge(stage.registered, 'no challenge')).toMatchObject({
    status: 400,
    body: { error: expect.stringContaining('txt') },
  });
  const nobody = await fetch(`${stage.registered.acmeDnsServerUrl}/update`, { method: 'POST' });
  expect([nobody.status, Object.keys((await nobody.json()) as object)]).toEqual([401, ['error']]);
  expect(stage.zone.requests).toHaveLength(before);
  stage.zone.misbehave({ action: 'rate-limit', retryAfterSeconds: 60 });
  expect(await stage.agent.answerChallenge(stage.registered, values[0] as string)).toMatchObject({
    status: 500,
  });
  stage.zone.behave();
});

test('a shipped agent serves a whole rental', async () => {
  expect(await stage.beat()).toMatchObject({
    status: 200,
    body: { success: true, data: { acknowledged: true, nextHeartbeatSeconds: 60, poolName: 'Old' } },
  });
  await eventually(async () => {
    const offering = await stage.tenant.dc.json(['offering', 'get', String(stage.offeringId)]);
    return offering.provider_online === true;
  });

  const id = await stage.tenant.rent(stage.offeringId, 1);
  expect(await stage.pending(id)).toMatchObject({
    contract_id: id,
    offering_id: 'old-small',
    requester_ssh_pubkey: (await stage.tenant.sshPublicKey()).trim(),
    cpu_cores: 2,
    provisioner_type: 'proxmox',
  });
  const lock = await stage.agent.ofProvider('POST', `/contracts/${id}/lock`);
  expect(lock).toEqual({
    status: 200,
    body: { success: true, data: { acquired: true, expiresAtNs: expect.any(Number) } },
  });
  const provisioning = `/provider/rental-requests/${id}/provisioning`;
  expect(
    (await stage.agent.call('PUT', provisioning, { status: 'provisioning', instanceDetails: '' })).body,
  ).toEqual({
    success: true,
    data: 'Provisioning status updated',
  });
  await stage.becomes(id, ({ status }) => status === 'provisioning', 'provisioning');
  expect(await stage.dns('create', SLUG)).toEqual({
    status: 200,
    body: { success: true, data: { subdomain: stage.nameOf(SLUG) } },
  });
  expect(stage.addressesOf(SLUG)).toEqual([PUBLIC_IP]);
  const instance = {
    external_id: '100',
    ip_address: '10.0.0.7',
    ipv6_address: null,
    public_ip: PUBLIC_IP,
    ssh_port: 22,
    root_password: PASSWORD,
    additional_details: null,
    gateway_slug: SLUG,
    gateway_subdomain: stage.nameOf(SLUG),
    gateway_ssh_port: 20_000,
    gateway_port_range_start: 20_001,
    gateway_port_range_end: 20_009,
  };
  const provisioned = { status: 'provisioned', instanceDetails: JSON.stringify(instance) };
  expect((await stage.agent.call('PUT', provisioning, provisioned)).status).toBe(200);
  expect((await stage.agent.ofProvider('DELETE', `/contracts/${id}/lock`)).body).toEqual({
    success: true,
    data: true,
  });

  const active = await stage.becomes(id, ({ status }) => status === 'active', 'active');
  expect(active).toMatchObject({ gateway_slug: 'k7m2p4', gateway_ssh_port: 20_000 });
  expect(JSON.parse(active.provisioning_instance_details)).toMatchObject({
    external_id: '100',
    public_ip: PUBLIC_IP,
    gateway_subdomain: stage.nameOf(SLUG),
  });
  expect(printExactJson(active)).not.toContain(PASSWORD);
  const envelope = await (await stage.tenant.api()).call(getCredentials, { params: { id } });
  const { seed } = await stage.tenant.keyPair();
  expect(openCredential({ seed, envelope, contractId: id })).toBe(PASSWORD);
  expect((await stage.tenant.dc.run(['contract', 'credentials', id])).stdout).toContain(PASSWORD);

  await asksInside(id);

  for (const [path, latencyMs] of [
    [`/contracts/${id}/health`, 12],
    [`/provider/contracts/${id}/health`, 14],
  ] as const) {
    const checkedAt = Number((BigInt(Date.now()) + BigInt(latencyMs)) * 1_000_000n);
    const check = { checkedAt, status: 'healthy', latencyMs, details: '{"uptime_seconds":5}' };
    expect(await stage.agent.call('POST', path, check)).toMatchObject({
      status: 200,
      body: { success: true, data: { contractId: id, status: 'healthy', latencyMs } },
    });
  }
  const summary = await (await stage.tenant.api()).call(getHealthSummary, { params: { id } });
  expect(summary).toMatchObject({ totalChecks: 2n, healthyChecks: 2n, uptimePercent: 100, avgLatencyMs: 13 });
  expect((await stage.reconcile(id)).keep).toEqual([
    { externalId: '100', contractId: id, endsAt: Number(active.end_timestamp_ns) },
  ]);

  await stage.tenant.dc.json(['contract', 'cancel', id]);
  const told = await eventually(
    async () => {
      const answer = await stage.reconcile(id);
      return answer.terminate.length === 1 && answer;
    },
    { deadlineMs: 60_000, everyMs: 200, what: 'terminate' },
  );
  expect(told.terminate).toEqual([{ externalId: '100', contractId: id, reason: 'cancelled' }]);
  expect(await stage.dns('delete', SLUG)).toMatchObject({ status: 200 });
  expect(stage.addressesOf(SLUG)).toEqual([]);
  expect((await stage.agent.ofProvider('PUT', `/contracts/${id}/terminated`)).body).toEqual({
    success: true,
    data: true,
  });

  const refunded = await stage.becomes(id, (contract) => contract.payment_status === 'refunded', 'refunded');
  expect(refunded.status).toBe('cancelled');
  const refund = BigInt(refunded.refund_amount_e9s);
  expect(refund).toBeGreaterThan(0n);
  expect(await stage.tenant.balanceE9s()).toBe(10_000_000_000n - 10_000_000n + refund);
  await eventually(async () => {
    const offering = await stage.tenant.dc.json(['offering', 'get', String(stage.offeringId)]);
    return offering.stock_available === 3;
  });
  await assertBooksBalance(stage.platform);
}, 300_000);

test('one that cannot be made costs nothing', async () => {
  await stage.beat();
  const before = await stage.tenant.balanceE9s();
  const id = await stage.tenant.rent(stage.offeringId, 1);
  await stage.pending(id);
  await stage.agent.ofProvider('POST', `/contracts/${id}/lock`);
  const report = { status: 'provisioning_failed', instanceDetails: 'no template 9000' };
  await stage.agent.call('PUT', `/provider/rental-requests/${id}/provisioning`, report);
  await stage.agent.ofProvider('DELETE', `/contracts/${id}/lock`);
  const failed = await stage.becomes(id, (contract) => contract.payment_status === 'refunded', 'refunded');
  expect(failed).toMatchObject({
    status: 'provisioningfailed',
    provisioning_failure_reason: expect.stringContaining('no template 9000'),
  });
  expect(await stage.tenant.balanceE9s()).toBe(before);
  await assertBooksBalance(stage.platform);
}, 120_000);

describe('the process that writes names is killed', () => {
  /** So long until who asked is told that nobody answers: what happens meanwhile is looked at meanwhile. */
  const asked: Promise<{ status: number }>[] = [];

  /** Asks for the name, and gives which addresses it has after the kill. */
  async function killAt(place: string, slug: string): Promise<readonly string[]> {
    const pid = await stage.platform.pidOf('agents');
    const id = randomUUID();
    const point = `agents:req.agents.v1.set-gateway-dns:${place}`;
    stage.crashes.arm([{ id, point, action: 'kill', times: 1 }]);
    asked.push(stage.dns('create', slug));
    await eventually(() => stage.crashes.hits().some((hit) => hit.id === id), { what: point });
    const left = stage.addressesOf(slug);
    await eventually(async () => (await stage.platform.pidOf('agents')) !== pid);
    await eventually(async () => (await stage.beat()).status === 200, {
      deadlineMs: 60_000,
      what: 'an answer',
    });
    return left;
  }
  const becomesHis = (slug: string) =>
    eventually(async () => (await stage.dns('create', slug)).status === 200, {
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
      expect(stage.addressesOf(slug)).toEqual([PUBLIC_IP]);
    },
    120_000,
  );

  test('whoever does not has nothing left behind', async () => {
    await eventually(() => stage.addressesOf('aaaaa3').length === 0, {
      deadlineMs: 60_000,
      what: 'the name being gone',
    });
  }, 120_000);
});

test('a stranger with an agent key gets nowhere', async () => {
  const stranger = new ShippedAgent(stage.platform.apiUrl);
  stranger.provider = stage.agent.provider;
  expect(await stranger.ofProvider('GET', '/contracts/pending-provision')).toMatchObject({
    status: 401,
    body: { success: false, code: 'DELEGATION_MISSING' },
  });
});

test('nobody logged an error, and no secret is in a log', async () => {
  expect(await stage.platform.errors()).toEqual([]);
  const parts = ['gateway', 'agents', 'contracts', 'notifications'];
  const texts = await Promise.all(
    parts.map(async (part) => JSON.stringify(await stage.platform.logLines(part))),
  );
  for (const [index, text] of texts.entries()) {
    expect(text.length).toBeGreaterThan(100);
    const secrets = [PASSWORD, NEW_PASSWORD, stage.registered.acmeDnsPassword, stage.zone.token];
    const found = secrets.some((secret) => text.includes(secret));
    expect({ part: parts[index], found }).toEqual({
      part: parts[index],
      found: false,
    });
  }
});
