import type { VerbInput } from '@decent-cloud/messages';
import { registerGateway } from '@decent-cloud/messages/agents';
import { Answers, SETTINGS, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { requirePolling } from '../registry/agent/speakers.ts';
import type { AgentsSettings } from '../settings.ts';
import { DcGatewayStore } from './dc-gateway.store.ts';
import { DnsBackend } from './dns-backend.ts';

const ACME_DNS_PATH = '/api/v1/acme-dns';

/** Without a zone nobody gets credentials: they would be good for nothing, and the gateway would be set up in vain. */
@Answers(registerGateway)
export class RegisterGateway implements Verb<typeof registerGateway> {
  private readonly acmeDnsServerUrl: string;

  constructor(
    private readonly gateways: DcGatewayStore,
    private readonly dns: DnsBackend,
    @Inject(SETTINGS) { PUBLIC_URL }: AgentsSettings,
  ) {
    this.acmeDnsServerUrl = PUBLIC_URL.replace(/\/+$/, '') + ACME_DNS_PATH;
  }

  async run({ body }: VerbInput<typeof registerGateway>, { caller, now }: VerbContext) {
    const { providerPublicKey } = requirePolling(caller, 'dns_manage');
    this.dns.assertReady();
    const { user, key } = await this.gateways.register(body.dcId, providerPublicKey, now);
    return {
      acmeDnsServerUrl: this.acmeDnsServerUrl,
      acmeDnsUsername: user,
      acmeDnsPassword: key,
      acmeDnsSubdomain: user,
    };
  }
}
