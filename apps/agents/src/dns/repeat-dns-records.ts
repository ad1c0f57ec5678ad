import type { Clock } from '@decent-cloud/kernel';
import { CLOCK, LOGGER, type Logger, type Sweep, Sweeps } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import type { AgentsSettings } from '../settings.ts';
import { DnsError } from './dns-backend.ts';
import { DnsRecordStore } from './dns-record.store.ts';
import { DnsRecords } from './dns-records.ts';

const AT_MOST = 100;

/** Brings writes of the zone to an end that a crash or a failure has left open. */
@Sweeps({
  name: 'repeat-dns-records',
  everySeconds: (settings: AgentsSettings) => settings.DNS_REPEAT_SECONDS,
})
export class RepeatDnsRecords implements Sweep {
  constructor(
    private readonly store: DnsRecordStore,
    private readonly records: DnsRecords,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async sweep(): Promise<void> {
    for (let count = 0; count < AT_MOST; count++) {
      // A write may take seconds: each record is in hand from when it is taken.
      const now = this.clock();
      const record = await this.store.takeDue(now);
      if (!record) return;
      try {
        await this.records.carryOut(record, now);
      } catch (error) {
        const { dcId, slug, state } = record;
        this.logger.warn({ error, dcId, slug, state }, 'a record could not be brought to its end');
        if (!(error instanceof DnsError) || error.kind === 'unavailable') return;
      }
    }
  }
}
