import { Database } from '@decent-cloud/postgres';
import { LOGGER, type Logger, type Sweep, Sweeps } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import type { AgentsSettings } from '../../settings.ts';
import { AssignmentStore } from '../assignment/assignment.store.ts';
import { MachineActionStore } from './machine-action.store.ts';
import { MachineActions } from './machine-actions.ts';

const AT_MOST = 500;

/** Gives commands again that no agent has answered, and gives the actions up at their deadline. */
@Sweeps({
  name: 'repeat-operations',
  everySeconds: (settings: AgentsSettings) => settings.COORDINATOR_EVERY_SECONDS,
})
export class RepeatMachineActions implements Sweep {
  constructor(
    private readonly database: Database,
    private readonly assignments: AssignmentStore,
    private readonly store: MachineActionStore,
    private readonly actions: MachineActions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async sweep(now: bigint): Promise<void> {
    for (const contractId of await this.store.due(now, AT_MOST)) {
      const work = this.database.transaction(async (sql) => {
        await this.assignments.lock(sql, contractId);
        for (const action of await this.store.lockAllPending(sql, contractId)) {
          await this.actions.drive(sql, action, now);
        }
      });
      // One that fails must not hold up the others; it stays due.
      await work.catch((error: unknown) =>
        this.logger.warn({ error, contractId }, 'an action could not be driven on'),
      );
    }
  }
}
