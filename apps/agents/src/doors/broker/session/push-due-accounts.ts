import { type Sweep, Sweeps } from '@decent-cloud/runtime';
import { BrokerAccounts } from './broker-accounts.ts';

/** Revocations and new accounts that the broker did not take when they were made. */
@Sweeps({ name: 'push-due-accounts', everySeconds: 2 })
export class PushDueAccounts implements Sweep {
  constructor(private readonly broker: BrokerAccounts) {}

  sweep(): Promise<void> {
    return this.broker.settleDue();
  }
}
