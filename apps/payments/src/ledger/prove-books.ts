import { nsToSeconds } from '@decent-cloud/kernel';
import { Database } from '@decent-cloud/postgres';
import { LOGGER, type Logger, Metrics, type Sweep, Sweeps } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { Gauge } from 'prom-client';
import type { PaymentsSettings } from '../service.ts';
import { findFaults } from './book-faults.store.ts';

/** Proves the books by the hour; what it finds is for a person, nothing is put right by itself. */
@Sweeps({
  name: 'prove-books',
  everySeconds: (settings: PaymentsSettings) => settings.CHECK_BOOKS_INTERVAL_SECONDS,
})
export class ProveBooks implements Sweep {
  private readonly faultCount: Gauge;
  private readonly provedAt: Gauge;

  constructor(
    private readonly database: Database,
    metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    const registers = [metrics.registry];
    this.faultCount = new Gauge({
      name: 'dc_ledger_faults',
      help: 'Rows that break a rule of the books; anything but 0 is an alarm',
      registers,
    });
    this.provedAt = new Gauge({
      name: 'dc_ledger_proved_timestamp_seconds',
      help: 'When the books were last looked at',
      registers,
    });
  }

  async sweep(now: bigint): Promise<void> {
    const faults = await findFaults(this.database);
    this.faultCount.set(faults.length);
    this.provedAt.set(Number(nsToSeconds(now)));
    for (const fault of faults) this.logger.error(fault, 'the books are wrong');
  }
}
