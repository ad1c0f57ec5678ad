import { type Sweep, Sweeps } from '@decent-cloud/runtime';
import type { AgentsSettings } from '../../../settings.ts';
import { BrokerAccounts } from './broker-accounts.ts';

/** Compares every account and consumer of agents with the broker, which may have been restored or emptied. */
@Sweeps({
  name: 'sync-agent-accounts',
  everySeconds: (settings: AgentsSettings) => settings.ACCOUNT_SYNC_SECONDS,
})
export class SyncAccounts implements Sweep {
  constructor(private readonly broker: BrokerAccounts) {}

  sweep(): Promise<void> {
    return this.broker.syncAll();
  }
}
