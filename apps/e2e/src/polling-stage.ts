import { createPool, createSetupToken } from '@decent-cloud/messages/agents';
import { createOffering } from '@decent-cloud/messages/offerings';
import { eventually, FakeCloudflare } from '@decent-cloud/testing';
import { CrashControl } from './crash-control.ts';
import { Platform } from './platform.ts';
import { ShippedAgent, type Wire } from './shipped-agent.ts';
import { SMALL_OFFERING } from './small-offering.ts';
import { Tenant } from './tenant.ts';

export const DC_ID = 'dc-lk';
export const PUBLIC_IP = '8.8.4.4';
const PATIENTLY = { deadlineMs: 60_000, everyMs: 200 };

/** A platform with a zone of names, a tenant, and a provider whose agent polls and has the gateway of a data centre. */
export class PollingStage {
  readonly agent: ShippedAgent;
  /** Of the offering that the agent serves. */
  offeringId = 0n;
  /** What the gateway of its data centre was given. */
  registered: Wire;

  private constructor(
    readonly zone: FakeCloudflare,
    readonly crashes: CrashControl,
    readonly platform: Platform,
    readonly tenant: Tenant,
    readonly owner: Tenant,
  ) {
    this.agent = new ShippedAgent(platform.apiUrl);
  }

  static async start(): Promise<PollingStage> {
    const [zone, crashes] = await Promise.all([FakeCloudflare.start(), CrashControl.create()]);
    const platform = await Platform.start({
      env: { ...zone.env, ...crashes.environment, DNS_REPEAT_SECONDS: '0.2' },
    });
    try {
      const [tenant, owner] = await Promise.all([
        Tenant.create(platform.apiUrl, 'paula', 10),
        Tenant.create(platform.apiUrl, 'oldprovider', 0),
      ]);
      const stage = new PollingStage(zone, crashes, platform, tenant, owner);
      await stage.setUp();
      return stage;
    } catch (error) {
      await platform.stop();
      await Promise.all([zone.stop(), crashes.remove()]);
      throw error;
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.tenant.leave(), this.owner.leave()]);
    await this.platform.stop();
    await Promise.all([this.zone.stop(), this.crashes.remove()]);
  }

  private async setUp(): Promise<void> {
    const { agent, owner, platform } = this;
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
    const { status, body } = await agent.setUp(token);
    expect({ status, poolId: body.data.poolId }).toEqual({ status: 200, poolId: pool.poolId });
    // Setting up ends when this fails.
    const gateway = await agent.call('POST', '/agents/gateway/register', { dcId: DC_ID });
    expect(gateway).toMatchObject({
      status: 200,
      body: { success: true, data: { acmeDnsServerUrl: `${platform.apiUrl}/api/v1/acme-dns` } },
    });
    this.registered = gateway.body.data;
    this.offeringId = await api.call(createOffering, {
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
  }

  beat() {
    return this.agent.ofProvider('POST', '/heartbeat', {
      version: '0.6.0',
      provisionerType: 'proxmox',
      activeContracts: 0,
      bandwidthStats: [
        { gatewaySlug: 'k7m2p4', contractId: 'ab'.repeat(32), bytesIn: 1_000, bytesOut: 2_000 },
      ],
    });
  }

  dns(action: 'create' | 'delete', slug: string) {
    return this.agent.call('POST', '/agents/dns', {
      action,
      slug,
      dcId: DC_ID,
      ...(action === 'create' && { publicIp: PUBLIC_IP }),
    });
  }

  nameOf(slug: string): string {
    return `${slug}.${DC_ID}.gw.${this.zone.domain}`;
  }

  addressesOf(slug: string): readonly string[] {
    return this.zone.contents('A', this.nameOf(slug));
  }

  /** One of the contracts that wait at this path, when it does. */
  waiting(path: string, isIt: (one: Wire) => boolean): Promise<Wire> {
    return eventually(
      async () => (await this.agent.ofProvider('GET', `/contracts/${path}`)).body.data.find(isIt),
      { ...PATIENTLY, what: path },
    );
  }

  pending(id: string): Promise<Wire> {
    return this.waiting('pending-provision', (one) => one.contract_id === id);
  }

  becomes(id: string, wanted: (contract: Wire) => boolean, what: string): Promise<Wire> {
    return eventually(
      async () => {
        const contract = await this.tenant.contract(id);
        return wanted(contract) && contract;
      },
      { ...PATIENTLY, what },
    );
  }

  /** What the agent is told of machines that it says run, one for each contract. */
  async reconcile(...ids: string[]): Promise<Wire> {
    const runningInstances = ids.map((contractId) => ({ externalId: '100', contractId }));
    return (await this.agent.ofProvider('POST', '/reconcile', { runningInstances })).body.data;
  }
}
