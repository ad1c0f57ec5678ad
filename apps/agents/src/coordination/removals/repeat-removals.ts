import { secondsToNs } from '@decent-cloud/kernel';
import { Database } from '@decent-cloud/postgres';
import { LOGGER, type Logger, type Sweep, Sweeps } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { ONLINE_SECONDS } from '../../registry/agent/domain/liveness.ts';
import type { AgentsSettings } from '../../settings.ts';
import { AssignmentStore } from '../assignment/assignment.store.ts';
import { isRemovalDue } from '../assignment/domain/next-step.ts';
import { Removals } from './removals.ts';

const AT_MOST = 500;

/** Commands the removal of machines again that are not confirmed as gone; agents that are offline are told when they are back. */
@Sweeps({
  name: 'repeat-removals',
  everySeconds: (settings: AgentsSettings) => settings.COORDINATOR_EVERY_SECONDS,
})
export class RepeatRemovals implements Sweep {
  constructor(
    private readonly database: Database,
    private readonly store: AssignmentStore,
    private readonly removals: Removals,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async sweep(now: bigint): Promise<void> {
    const heardSince = now - secondsToNs(ONLINE_SECONDS);
    for (const contractId of await this.store.removalsDue(now, heardSince, AT_MOST)) {
      const work = this.database.transaction(async (sql) => {
        await this.store.lock(sql, contractId);
        for (const machine of await this.store.machines(sql, contractId)) {
          if (isRemovalDue(machine, now)) await this.removals.command(sql, machine, now);
        }
      });
      // One that fails must not hold up the others; it stays due.
      await work.catch((error: unknown) =>
        this.logger.warn({ error, contractId }, 'a removal could not be ordered again'),
      );
    }
  }
}
