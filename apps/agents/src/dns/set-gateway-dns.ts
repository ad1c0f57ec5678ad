import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { setGatewayDns } from '@decent-cloud/messages/agents';
import { Answers, LOGGER, type Logger, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { requirePolling } from '../registry/agent/speakers.ts';
import { refuseDnsFailure } from './dns-failure.ts';
import { DnsRecords } from './dns-records.ts';
import { isPublicIpv4 } from './domain/public-ipv4.ts';

@Answers(setGatewayDns)
export class SetGatewayDns implements Verb<typeof setGatewayDns> {
  constructor(
    private readonly records: DnsRecords,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async run({ body }: VerbInput<typeof setGatewayDns>, { caller, now }: VerbContext) {
    const { providerPublicKey: provider } = requirePolling(caller, 'dns_manage');
    const { action, dcId, slug, publicIp } = body;
    const place = { dcId, slug, provider };
    try {
      const subdomain =
        action === 'create'
          ? await this.records.create(place, requirePublic(publicIp), now)
          : await this.records.remove(place, now);
      return { subdomain };
    } catch (error) {
      refuseDnsFailure(error, this.logger);
    }
  }
}

function requirePublic(address: string | undefined): string {
  if (address !== undefined && isPublicIpv4(address)) return address;
  const text =
    address === undefined ? 'publicIp is needed for create' : 'publicIp: must be a public IPv4 address';
  throw new Refusal('INVALID', 'INVALID_INPUT', text);
}
