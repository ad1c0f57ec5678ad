import { LOGGER, type Logger, type Sweep, Sweeps } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { ContractStore } from '../contract/contract.store.ts';
import { deadlinePassed } from '../contract/domain/decide.ts';
import { FROM_THE_START, WaitingContractsStore } from '../contract/waiting-contracts.store.ts';
import type { ContractsSettings } from '../settings.ts';

const BATCH = 200;
const MAX_BATCHES = 50;

/** Ends every waiting whose time is over, as the states declare it. One contract that fails does not stop the others. */
@Sweeps({
  name: 'settle-deadlines',
  everySeconds: (settings: ContractsSettings) => settings.TIMEOUT_SCAN_SECONDS,
})
export class SettleDeadlines implements Sweep {
  constructor(
    private readonly waiting: WaitingContractsStore,
    private readonly store: ContractStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async sweep(now: bigint): Promise<void> {
    let position = FROM_THE_START;
    for (let batch = 0; batch < MAX_BATCHES; batch++) {
      const overdue = await this.waiting.overdue(now, position, BATCH);
      for (const { contractId } of overdue) await this.settle(contractId, now);
      const last = overdue.at(-1);
      if (!last || overdue.length < BATCH) return;
      position = { atNs: last.deadlineAtNs ?? now, contractId: last.contractId };
    }
  }

  private async settle(contractId: string, now: bigint): Promise<void> {
    try {
      await this.store.change(contractId, (contract) => deadlinePassed(contract, now), now);
    } catch (error) {
      this.logger.error({ error, contractId }, 'a deadline could not be settled; it is tried again');
    }
  }
}
