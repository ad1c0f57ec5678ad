import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { updateAcmeTxt } from '@decent-cloud/messages/agents';
import { Answers, LOGGER, type Logger, type Verb } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { DcGatewayStore } from './dc-gateway.store.ts';
import { DnsBackend } from './dns-backend.ts';
import { refuseDnsFailure } from './dns-failure.ts';
import { DnsRecords } from './dns-records.ts';
import { readChallenge, readCredentials } from './domain/acme-update.ts';

/**
 * Two orders of certificates may run at once, so the two newest answers are kept. Whoever is refused asks again: what is
 * wanted is in the row, and the next write brings all of it.
 */
@Answers(updateAcmeTxt)
export class UpdateAcmeTxt implements Verb<typeof updateAcmeTxt> {
  constructor(
    private readonly gateways: DcGatewayStore,
    private readonly records: DnsRecords,
    private readonly dns: DnsBackend,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async run({ headers, body }: VerbInput<typeof updateAcmeTxt>) {
    const credentials = readCredentials(headers);
    const dcId = await this.gateways.findByCredentials(credentials);
    if (dcId === undefined) {
      throw new Refusal('UNAUTHENTICATED', 'API_KEY_INVALID', 'X-Api-User or X-Api-Key is wrong');
    }
    const txt = readChallenge(body, credentials.user);
    this.dns.assertReady();
    await this.gateways.addTxt(dcId, txt);
    try {
      await this.dns.setTxt(this.records.challengeOf(dcId), () => this.gateways.txtOf(dcId));
    } catch (error) {
      refuseDnsFailure(error, this.logger);
    }
    return { txt };
  }
}
