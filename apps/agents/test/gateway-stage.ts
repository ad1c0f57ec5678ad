import { randomBytes } from 'node:crypto';
import type { Caller } from '@decent-cloud/messages';
import { updateAcmeTxt } from '@decent-cloud/messages/agents';
import { FakeCloudflare } from '@decent-cloud/testing';
import { hex64 } from './people.ts';
import { PollingAgent } from './polling-agent.ts';
import { Stage } from './stage.ts';

export const MOST_NAMES = 4;
export const ANONYMOUS: Caller = { kind: 'anonymous' };
export const newDcId = () => `dc-${randomBytes(4).toString('hex')}`;
export const newTxt = () => randomBytes(32).toString('base64url');

export type Credentials = Awaited<ReturnType<PollingAgent['registerGateway']>>;

/** The coordinator with a zone for names behind gateways. */
export class GatewayStage {
  zone!: FakeCloudflare;

  private constructor(readonly stage: Stage) {}

  /** For all tests of the file; the zone behaves when a test begins. */
  static forFile(settings: Record<string, string> = {}): GatewayStage {
    let zone: FakeCloudflare;
    beforeAll(async () => {
      zone = await FakeCloudflare.start();
    });
    const stage = Stage.forFile(() => ({
      ...zone.env,
      PUBLIC_URL: 'https://api.example/',
      DNS_REPEAT_SECONDS: '0.1',
      DNS_RECORDS_PER_PROVIDER: String(MOST_NAMES),
      ...settings,
    }));
    const gateways = new GatewayStage(stage);
    beforeAll(() => {
      gateways.zone = zone;
    });
    afterEach(() => zone.behave());
    afterAll(() => zone?.stop());
    return gateways;
  }

  async joined(provider = hex64()): Promise<PollingAgent> {
    const pool = await this.stage.pool(provider);
    return PollingAgent.join(this.stage, provider, pool.poolId);
  }

  async registered() {
    const agent = await this.joined();
    const dcId = newDcId();
    const credentials = await agent.registerGateway(dcId);
    return { agent, dcId, credentials };
  }

  /** As the web server of a gateway asks for it; `changes` are of the headers. */
  update(credentials: Credentials, txt: string, changes: object = {}) {
    const { acmeDnsUsername, acmeDnsPassword, acmeDnsSubdomain: subdomain } = credentials;
    const headers = { 'x-api-user': acmeDnsUsername, 'x-api-key': acmeDnsPassword, ...changes };
    return this.stage.ask(updateAcmeTxt, { headers, body: { subdomain, txt } }, ANONYMOUS);
  }

  nameOf(dcId: string, slug: string): string {
    return `${slug}.${dcId}.gw.${this.zone.domain}`;
  }
  /** What the zone has. */
  addressesOf(dcId: string, slug: string): string[] {
    return this.zone.contents('A', this.nameOf(dcId, slug));
  }
  textsOf(dcId: string): string[] {
    return this.zone.contents('TXT', `_acme-challenge.${dcId}.gw.${this.zone.domain}`);
  }
  /** What the database has. */
  rowsOf(dcId: string) {
    return this.stage.query<{ slug: string; address: string | null; state: string; due: bigint | null }>(
      'select slug, address, state, due_at_ns as due from dns_record where dc_id = $1 order by slug',
      [dcId],
    );
  }
}
