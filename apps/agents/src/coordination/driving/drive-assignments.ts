import { Database } from '@decent-cloud/postgres';
import { LOGGER, type Logger, SETTINGS, type Sweep, Sweeps } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import type { AgentsSettings } from '../../settings.ts';
import { AssignmentStore } from '../assignment/assignment.store.ts';
import { settingNs } from '../assignment/domain/next-step.ts';
import { Coordinator } from './coordinator.ts';

const AT_MOST = 500;

/** Goes on with every contract whose time has come: no agent yet, no claim in time, past its deadline. */
@Sweeps({
  name: 'drive-assignments',
  everySeconds: (settings: AgentsSettings) => settings.COORDINATOR_EVERY_SECONDS,
})
export class DriveAssignments implements Sweep {
  constructor(
    private readonly database: Database,
    private readonly store: AssignmentStore,
    private readonly coordinator: Coordinator,
    @Inject(SETTINGS) private readonly settings: AgentsSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async sweep(now: bigint): Promise<void> {
    const agentWaitNs = settingNs(this.settings.AGENT_WAIT_SECONDS);
    for (const contractId of await this.store.due(now, agentWaitNs, AT_MOST)) {
      const work = this.database.transaction(async (sql) => {
        const assignment = await this.store.lockDue(sql, contractId, now);
        if (assignment) await this.coordinator.onDue(sql, assignment, now);
      });
      // One that fails must not hold up the others; it stays due.
      await work.catch((error: unknown) =>
        this.logger.warn({ error, contractId }, 'a contract could not be driven on'),
      );
    }
  }
}
