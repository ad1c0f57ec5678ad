import { NS_PER_HOUR } from '@decent-cloud/kernel';
import { type Sweep, Sweeps } from '@decent-cloud/runtime';
import { SetupTokenStore } from './setup-token.store.ts';

const KEEP_HOURS = 30n * 24n;

/** Forgets tokens that expired unused a month ago. */
@Sweeps({ name: 'purge-setup-tokens', everySeconds: 3_600 })
export class PurgeSetupTokens implements Sweep {
  constructor(private readonly tokens: SetupTokenStore) {}

  async sweep(now: bigint): Promise<void> {
    await this.tokens.purgeExpired(now - KEEP_HOURS * NS_PER_HOUR);
  }
}
